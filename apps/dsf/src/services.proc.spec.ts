import { serviceNames, startService } from '@dsf/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openWorkplace, type Workplace } from './specs/dsf-process.ts';

let place: Workplace;
beforeEach(() => {
  place = openWorkplace();
});
afterEach(() => place.clear());

/** Asks the process to stop while it still loads: at the first of the product's modules that needs another. */
const stopWhileLoading = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    load: (url, context, next) => {
      if (url.endsWith('libs/config/src/index.ts')) process.kill(process.pid, 'SIGTERM');
      return next(url, context);
    },
  });
`)}`;

it.each(serviceNames)('the %s ends with 0 when it is asked to stop while it still starts', async (name) => {
  const service = startService(name, { DSF_HOME: place.folder }, ['--import', stopWhileLoading]);
  expect(await service.ended, service.log()).toEqual({ code: 0, signal: null });
});
