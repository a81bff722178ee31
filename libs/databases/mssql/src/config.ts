/** How to log in. */
export type MssqlLogin =
  | { readonly kind: 'sql'; readonly user: string; readonly password: string }
  /** What the environment offers: variables of Azure, a workload identity, a managed identity, the Azure command line. */
  | { readonly kind: 'azure-default'; readonly clientId?: string }
  | { readonly kind: 'azure-managed-identity'; readonly clientId?: string }
  | { readonly kind: 'azure-service-principal'; readonly tenantId: string; readonly clientId: string; readonly clientSecret: string };

export interface MssqlConfig {
  readonly server: string;
  /** Without it 1433, or what the server's browser says of `instance`. */
  readonly port?: number;
  readonly instance?: string;
  readonly database: string;
  readonly login: MssqlLogin;
  /** `on` (default): TLS within TDS 7.4. `strict`: TLS before anything else, TDS 8.0, SQL Server 2022 and later. `off`: nothing but the login is encrypted. */
  readonly encrypt?: 'on' | 'strict' | 'off';
  /** PEM of the authority that signed the server's certificate; null: the authorities that Node.js knows. */
  readonly caFile?: string;
  /** Believe any certificate: for a server on the same machine alone. */
  readonly trustServerCertificate?: boolean;
  /** Name in the server's certificate, where it is not `server`. */
  readonly certificateName?: string;
  /** Rows are in the schema of this name, definitions in `<schema>_config`, state in `<schema>_state`. Default `dsf`. */
  readonly schema?: string;
  /** Connections that one process may have. Default 10. */
  readonly poolMax?: number;
  readonly connectTimeoutMs?: number;
  /** Longest run of one statement. Default 60 s. */
  readonly requestTimeoutMs?: number;
  /** Longest wait for a lock, before `warehouse.lock-timeout`. Default 15 s. */
  readonly lockTimeoutMs?: number;
  /** As others see it in sys.dm_exec_sessions. Default `dsf`. */
  readonly applicationName?: string;
}

/** Schemas of one installation, quoted. */
export interface Schemas {
  readonly data: string;
  readonly config: string;
  readonly state: string;
  /** The name that they are made of, not quoted. */
  readonly base: string;
}

/** Letters that need no quoting anywhere, and room for the endings. */
const schemaPattern = /^[a-z_][a-z0-9_]{0,99}$/i;

export const isSchemaName = (name: string): boolean => schemaPattern.test(name);

export const schemasOf = (base: string): Schemas => ({
  base,
  data: `[${base}]`,
  config: `[${base}_config]`,
  state: `[${base}_state]`,
});
