import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { certificateFiles } from './server-settings.ts';

const run = promisify(execFile);

/** Why there can be no certificates here; null when there can. */
export const whyNoCertificates = (): string | null =>
  spawnSync('openssl', ['version']).status === 0 ? null : 'certificates are made with openssl, which is not there';

/**
 * An authority, the broker's certificate for `localhost` and 127.0.0.1, and a client's for the user `CN=client`; valid for a day.
 */
export const makeCertificates = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const openssl = (...parameters: readonly string[]) => run('openssl', parameters, { cwd: folder });
  const key = ['-newkey', 'rsa:2048', '-nodes'];
  await openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', certificateFiles.ca, '-days', '1', '-subj', '/CN=dsf test authority');
  await writeFile(join(folder, 'names.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  for (const name of ['broker', 'client']) {
    await openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    const signed = ['-CA', certificateFiles.ca, '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'names.cnf'];
    await openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
  }
  // Kafka reads its key and its certificate from one file.
  const parts = await Promise.all(['broker.key', certificateFiles.broker].map((name) => readFile(join(folder, name), 'utf8')));
  await writeFile(join(folder, certificateFiles.broker), parts.join(''));
};
