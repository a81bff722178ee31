import { ConfigError, type ConfigProblem } from './config-error.ts';
import { parseConfig, type Environment } from './parse-config.ts';
import { addresses, choice, duration, flag, integer, optional, secret, text, type ConfigOf } from './setting.ts';

/*
 * What carries dsf.raw, dsf.points and dsf.summary. It belongs to the deployment, like the database, and not to the definitions: every
 * process of an installation must have the same before it reads its first version, and a new version must never move the topics under
 * services that run.
 */

const kafka = 'DSF_INTERNAL_KAFKA';

/** Variables of `DSF_INTERNAL_TRANSPORT=kafka`. */
const kafkaSettings = {
  kafkaBrokers: optional(
    addresses({
      variable: `${kafka}_BROKERS`,
      about: 'Kafka for the internal topics: some of its brokers; the others are found through them.',
    }),
  ),
  kafkaClientId: text({ variable: `${kafka}_CLIENT_ID`, fallback: 'dsf', about: 'How DSF calls itself there.' }),
  kafkaTls: flag({ variable: `${kafka}_TLS`, fallback: 'false', about: 'Encrypt the connections.' }),
  kafkaTlsCa: optional(
    text({ variable: `${kafka}_TLS_CA`, about: 'Path of the certificate authority, PEM. Without it, those that Node.js knows.' }),
  ),
  kafkaTlsCert: optional(text({ variable: `${kafka}_TLS_CERT`, about: 'Path of the client’s certificate, PEM.' })),
  kafkaTlsKey: optional(text({ variable: `${kafka}_TLS_KEY`, about: 'Path of the client’s key, PEM.' })),
  kafkaSasl: choice({
    variable: `${kafka}_SASL`,
    words: ['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'],
    fallback: 'none',
    about: 'How DSF logs in.',
  }),
  kafkaUsername: optional(secret({ variable: `${kafka}_USERNAME`, about: 'User name, for plain and scram.' })),
  kafkaPassword: optional(secret({ variable: `${kafka}_PASSWORD`, about: 'Password, for plain and scram.' })),
  kafkaToken: optional(
    secret({
      variable: `${kafka}_TOKEN`,
      about: 'Token, for oauthbearer. A file is read again for each connection, so that it may be renewed.',
    }),
  ),
} as const;

const pubsub = 'DSF_INTERNAL_PUBSUB';

/** Variables of `DSF_INTERNAL_TRANSPORT=pubsub`. Credentials are found as Google's own tools find them. */
const pubsubSettings = {
  pubsubProject: optional(
    text({
      variable: `${pubsub}_PROJECT`,
      about: 'Google Cloud project of the internal topics. Without it, the one that the credentials belong to.',
    }),
  ),
  pubsubRegion: optional(
    text({
      variable: `${pubsub}_REGION`,
      about:
        'Region such as `europe-west1`: every process sends through its endpoint, and `dsf topics apply` keeps the messages there. Order holds within one region only.',
    }),
  ),
  pubsubEndpoint: optional(
    text({
      variable: `${pubsub}_ENDPOINT`,
      about: 'Host and port in place of the region’s public endpoint, such as Private Service Connect.',
    }),
  ),
} as const;

export const internalSettings = {
  internalTransport: choice({
    variable: 'DSF_INTERNAL_TRANSPORT',
    words: ['local', 'kafka', 'pubsub'],
    fallback: 'local',
    about:
      'What carries the topics between the services: the local log in DSF_HOME, Kafka, or Google Cloud Pub/Sub. The same for every process of an installation.',
  }),
  internalPrefix: optional(
    text({
      variable: 'DSF_INTERNAL_PREFIX',
      about:
        'On a cluster: stands before the names of the internal topics (`shop.` makes `shop.dsf.raw`) and all groups, transactional ids and subscriptions. Each installation that shares a cluster needs its own.',
    }),
  ),
  ...kafkaSettings,
  ...pubsubSettings,
} as const;

/** What `dsf topics` makes the internal topics with. */
export const topicsSettings = {
  replication: optional(
    integer({
      variable: 'DSF_INTERNAL_REPLICATION',
      min: 1,
      max: 100,
      about: 'Copies of each message of an internal topic. Without it, as many as the cluster makes by default.',
    }),
  ),
  retentionMs: duration({
    variable: 'DSF_INTERNAL_RETENTION',
    min: 60_000,
    max: 31_536_000_000,
    fallback: '168h',
    about: 'How long internal topics keep messages. What is gone before it was read is read from the rows.',
  }),
} as const;

/** What carries the internal topics, checked as a whole. */
export type InternalConfig = ConfigOf<typeof internalSettings>;

const missing = (variable: string, why: string): ConfigProblem => ({ variable, text: `${variable} is missing; ${why} needs it` });

const loginProblems = ({ kafkaSasl, kafkaUsername, kafkaPassword, kafkaToken }: InternalConfig): readonly ConfigProblem[] => {
  if (kafkaSasl === 'none') return [];
  const why = `${kafka}_SASL=${kafkaSasl}`;
  const needed =
    kafkaSasl === 'oauthbearer'
      ? ([['TOKEN', kafkaToken]] as const)
      : ([
          ['USERNAME', kafkaUsername],
          ['PASSWORD', kafkaPassword],
        ] as const);
  return needed.flatMap(([name, value]) => (value === null ? [missing(`${kafka}_${name}, or ${kafka}_${name}_FILE,`, why)] : []));
};

const kafkaProblems = (config: InternalConfig): readonly ConfigProblem[] => {
  const { kafkaBrokers, kafkaTls, kafkaTlsCa, kafkaTlsCert, kafkaTlsKey } = config;
  const problems: ConfigProblem[] = [];
  if (kafkaBrokers === null) problems.push(missing(`${kafka}_BROKERS`, 'DSF_INTERNAL_TRANSPORT=kafka'));
  if ((kafkaTlsCert === null) !== (kafkaTlsKey === null))
    problems.push(
      missing(`${kafka}_TLS_${kafkaTlsCert === null ? 'CERT' : 'KEY'}`, kafkaTlsCert === null ? `${kafka}_TLS_KEY` : `${kafka}_TLS_CERT`),
    );
  if (!kafkaTls && (kafkaTlsCa ?? kafkaTlsCert ?? kafkaTlsKey) !== null)
    problems.push({ variable: `${kafka}_TLS`, text: `${kafka}_TLS is not true, but certificates are given; set it, or remove them` });
  return [...problems, ...loginProblems(config)];
};

/** Google's names of regions: `europe-west1`, `us-east4`, `northamerica-northeast1`. */
const regionForm = /^[a-z]+-[a-z]+\d{1,2}$/;

const pubsubProblems = ({ pubsubRegion, pubsubEndpoint, kafkaBrokers }: InternalConfig): readonly ConfigProblem[] => {
  const problems: ConfigProblem[] = [];
  if (kafkaBrokers !== null)
    problems.push({
      variable: 'DSF_INTERNAL_TRANSPORT',
      text: `${kafka}_BROKERS is set, but DSF_INTERNAL_TRANSPORT is pubsub; set it to kafka, or remove the brokers`,
    });
  if (pubsubRegion !== null && !regionForm.test(pubsubRegion))
    problems.push({ variable: `${pubsub}_REGION`, text: `${pubsub}_REGION must be a region such as europe-west1` });
  if (pubsubEndpoint !== null && !/^[^\s:/]+(:\d{1,5})?$/.test(pubsubEndpoint))
    problems.push({ variable: `${pubsub}_ENDPOINT`, text: `${pubsub}_ENDPOINT must be host or host:port` });
  return problems;
};

/** What is wrong with settings that are each right by themselves. */
export const internalProblems = (config: InternalConfig): readonly ConfigProblem[] => {
  if (config.internalTransport === 'kafka') return kafkaProblems(config);
  if (config.internalTransport === 'pubsub') return pubsubProblems(config);
  // Brokers that nobody asks look like a working deployment until the second machine starts.
  return config.kafkaBrokers === null
    ? []
    : [
        {
          variable: 'DSF_INTERNAL_TRANSPORT',
          text: `${kafka}_BROKERS is set, but DSF_INTERNAL_TRANSPORT is local; set it to kafka, or remove the brokers`,
        },
      ];
};

/** @throws ConfigError that lists every problem */
export const parseInternal = (environment: Environment): InternalConfig => {
  const config = parseConfig(internalSettings, environment);
  const problems = internalProblems(config);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
};
