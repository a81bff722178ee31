import { flattenerSettings } from '@dsf/config';
import { serviceMain } from '@dsf/wiring';
import { runFlattener } from './service.ts';

process.exitCode = await serviceMain({
  phase: 'flatten',
  prefix: 'FLATTENER',
  settings: flattenerSettings,
  environment: process.env,
  run: runFlattener,
});
