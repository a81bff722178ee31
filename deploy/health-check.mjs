// For HEALTHCHECK of the image: whether the process lives, asked where it listens.
const app = (process.env.APP ?? 'dsf').toUpperCase();
const ports = { INGESTOR: 8081, FLATTENER: 8082, SUMMARISER: 8083, PUBLISHER: 8084, DSF: 8080 };
const port = process.env[`${app}_HTTP_PORT`] || ports[app];
const response = await fetch(`http://127.0.0.1:${port}/live`, { signal: AbortSignal.timeout(2500) }).catch(() => null);
process.exitCode = response?.ok === true ? 0 : 1;
