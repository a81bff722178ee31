import { expect, it } from 'vitest';
import { embeddedSettings } from './service-settings.ts';
import { secret } from './setting.ts';
import { unknownVariables } from './unknown-variables.ts';

const password = secret({ variable: 'DSF_PASSWORD', about: 'a secret' });
const check = (environment: Readonly<Record<string, string>>) =>
  unknownVariables({ settings: [embeddedSettings, { password }], prefixes: ['DSF_'] }, environment);

it('says which setting was probably meant, without its value', () => {
  expect(check({ DSF_HTPP_PORT: 'secret', DSF_LOGLEVEL: 'debug' })).toEqual([
    'DSF_HTPP_PORT is not a setting; did you mean DSF_HTTP_PORT?',
    'DSF_LOGLEVEL is not a setting; did you mean DSF_LOG_LEVEL?',
  ]);
});

it('says that a variable is ignored when nothing is like it', () => {
  expect(check({ DSF_XYZZY_PLUGH_QUUX: '1' })).toEqual(['DSF_XYZZY_PLUGH_QUUX is not a setting and is ignored']);
});

it('is silent about settings, files of secrets, and what others set', () => {
  const kubernetes = {
    DSF_INGESTOR_SERVICE_HOST: '10.0.0.1',
    DSF_INGESTOR_SERVICE_PORT_HTTP: '80',
    DSF_INGESTOR_PORT: 'tcp://10.0.0.1:80',
    DSF_INGESTOR_PORT_80_TCP_ADDR: '10.0.0.1',
  };
  expect(check({ DSF_HOME: '/data', DSF_PASSWORD_FILE: '/run/secret', PATH: '/bin', ...kubernetes })).toEqual([]);
});
