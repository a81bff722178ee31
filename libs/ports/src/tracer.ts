/** What a span says of the work that it covers. */
export interface SpanFacts {
  /** `{operation} {destination}`, as OpenTelemetry's conventions for messaging and databases have it. */
  readonly name: string;
  /** `internal`: a step of ours; the rest as in OpenTelemetry. */
  readonly kind: 'consumer' | 'producer' | 'client' | 'internal';
  readonly attributes: Readonly<Record<string, string | number>>;
  /**
   * W3C `traceparent` of each message in the batch. The first is also the span's parent, so that one trace leads from the source to the
   * published document; all of them are its links.
   */
  readonly from?: readonly string[];
}

/** Traces of batches, never of records. */
export interface Tracer {
  /** False: nothing is recorded, so nothing need be gathered for it. */
  readonly isOn: boolean;
  /**
   * Runs `work` inside a span, which ends with it, as failed when it throws. Producer and client spans need a batch around them: without one
   * `work` runs untraced, or a heartbeat would make a trace each second.
   * @param facts - asked only when something is recorded
   * @param work - is given the span's `traceparent` for the messages that it sends; null when there is none
   */
  span<T>(facts: () => SpanFacts, work: (traceparent: string | null) => Promise<T>): Promise<T>;
}

/** Tracing that is switched off: one call more per batch. */
export const noTracer: Tracer = { isOn: false, span: (_facts, work) => work(null) };
