import { summariserSettings } from '@dsf/config';
import { serviceMain } from '@dsf/wiring';
import { runSummariser } from './service.ts';

process.exitCode = await serviceMain({
  phase: 'summarise',
  prefix: 'SUMMARISER',
  settings: summariserSettings,
  environment: process.env,
  run: runSummariser,
});
