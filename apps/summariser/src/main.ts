// Before the rest is loaded, which takes a second: a service that is asked to stop meanwhile ends as at any other time, and the second signal
// ends it at once.
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const { summariserSettings } = await import('@dsf/config');
const { serviceMain } = await import('@dsf/wiring');
const { runSummariser } = await import('./service.ts');

process.exitCode = await serviceMain({
  phase: 'summarise',
  prefix: 'SUMMARISER',
  settings: summariserSettings,
  environment: process.env,
  stop: stop.signal,
  run: runSummariser,
});
