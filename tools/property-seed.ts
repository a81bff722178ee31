import fc from 'fast-check';

/**
 * Before each file of specs: generated tests draw the same cases each time, so that a case that is one in a million fails the change that brought it,
 * and not the next one that comes along. `npm run test:properties` draws others.
 */
fc.configureGlobal({ seed: Number(process.env['DSF_TEST_SEED'] ?? 20_260_101) });
