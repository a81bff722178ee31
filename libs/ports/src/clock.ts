/** Time as an input. Nothing else in the runtime and the phases reads a clock. */
export interface Clock {
  /** UTC, ms. */
  now(): number;
  /** Resolves after `ms`; resolves at once, without throwing, when `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
