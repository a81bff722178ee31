import { describe, expect, it } from 'vitest';
import { batch, everyEvent, openTelemetry } from './specs/telemetry-events.ts';

describe('the log', () => {
  it('has one JSON line per event, with level, time, message and facts', () => {
    const { telemetry, lines } = openTelemetry();
    telemetry.emit({
      name: 'retry',
      phase: 'publish',
      lane: '1',
      attempt: 2,
      waitMs: 40,
      code: 'transport.busy',
      message: 'the log is busy',
    });
    expect(lines()).toMatchObject([
      {
        level: 'warn',
        service: 'test',
        event: 'retry',
        phase: 'publish',
        attempt: 2,
        waitMs: 40,
        code: 'transport.busy',
        message: expect.stringContaining('the log is busy'),
      },
    ]);
    expect(String(lines()[0]?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('tells error (a person must act), warn (recovered), info and debug (one per batch) apart, and leaves beats out', () => {
    const { telemetry, lines } = openTelemetry();
    for (const event of everyEvent) telemetry.emit(event);
    expect(lines().map(({ event, level }) => `${String(event)} ${String(level)}`)).toEqual([
      'batch debug',
      'reload-failed warn',
      'fold info',
      'refill warn',
      'lane-claimed info',
      'lane-lost warn',
      'lane-left info',
      'retry warn',
      'breaker-opened warn',
      'breaker-closed info',
      'refused warn',
      'request info',
      'schema-changed info',
      'catalog info',
      'stopped error',
      'service info',
    ]);
    expect(lines().every(({ message }) => typeof message === 'string' && message !== '' && !message.includes('undefined'))).toBe(true);
  });

  it('counts also what is below its level', async () => {
    const { telemetry, lines, value } = openTelemetry({ level: 'error' });
    telemetry.emit(batch);
    expect(lines()).toEqual([]);
    expect(await value('dsf_records_received_total{phase="flatten"}')).toBe(9);
  });
});
