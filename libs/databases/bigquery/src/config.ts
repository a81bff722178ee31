export interface BigQueryConfig {
  readonly project: string;
  readonly dataset: string;
  /** Where the dataset is made when it is not there, as `EU` or `europe-west1`. */
  readonly location: string;
  /** Longest run of one statement. */
  readonly queryTimeoutMs: number;
  /** Longest wait for the answer to an append. */
  readonly appendTimeoutMs: number;
  /** An emulator instead of the service: it is asked without credentials. */
  readonly emulator?: { readonly restUrl: string; readonly grpcHost: string; readonly grpcPort: number };
}
