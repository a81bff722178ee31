import type { Telemetry } from '@dsf/ports';

/** Tells every sink the same, in order. */
export const fanOut = (sinks: readonly Telemetry[]): Telemetry => ({
  emit: (event) => {
    for (const sink of sinks) sink.emit(event);
  },
});
