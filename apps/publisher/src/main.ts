import { publisherSettings } from '@dsf/config';
import { serviceMain } from '@dsf/wiring';
import { runPublisher } from './service.ts';

process.exitCode = await serviceMain({
  phase: 'publish',
  prefix: 'PUBLISHER',
  settings: publisherSettings,
  environment: process.env,
  run: runPublisher,
});
