import { ingestorSettings } from '@dsf/config';
import { serviceMain } from '@dsf/wiring';
import { runIngestor } from './service.ts';

process.exitCode = await serviceMain({
  phase: 'ingest',
  prefix: 'INGESTOR',
  settings: ingestorSettings,
  environment: process.env,
  run: runIngestor,
});
