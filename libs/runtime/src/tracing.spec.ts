import type { Delivery } from '@dsf/ports';
import { describe, expect, it } from 'vitest';
import { batchSpan, inTrace, sendSpan } from './tracing.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const message = (...traceparents: readonly string[]): Delivery => ({
  ...{ offset: 0, time: 0, timeType: 'append', key: null, body: null },
  headers: [['other', encode('x')], ...traceparents.map((text) => ['traceparent', encode(text)] as const)],
});
const readFrom = { topic: 'dsf.raw', group: 'dsf.flatten', system: 'kafka' };

describe('the span of a batch', () => {
  it('is named and described as OpenTelemetry has it for messaging', () => {
    expect(batchSpan(readFrom, 'flatten', [message('a')])).toEqual({
      name: 'process dsf.raw',
      kind: 'consumer',
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'dsf.raw',
        'messaging.consumer.group.name': 'dsf.flatten',
        'messaging.batch.message_count': 1,
        'dsf.phase': 'flatten',
      },
      from: ['a'],
    });
  });

  it('has each trace of its messages once, in their order', () => {
    expect(batchSpan(readFrom, 'flatten', [message('b'), message(), message('a'), message('b')]).from).toEqual(['b', 'a']);
  });

  it('keeps to the number of links that a span may have', () => {
    const many = Array.from({ length: 1000 }, (_, index) => message(`t${index}`));
    expect(batchSpan(readFrom, 'flatten', many).from?.length).toBe(128);
  });
});

describe('messages that are sent', () => {
  const out = { partition: 0, key: null, headers: [['a', encode('b')]] as const, body: null };

  it('carry the trace beside their own headers', () => {
    const [sent] = inTrace([out], '00-x');
    expect(sent?.headers.map(([name, value]) => [name, new TextDecoder().decode(value)])).toEqual([
      ['a', 'b'],
      ['traceparent', '00-x'],
    ]);
  });

  it('are left as they are without one', () => {
    const messages = [out];
    expect(inTrace(messages, null)).toBe(messages);
  });

  it('are one span, however many there are', () => {
    expect(sendSpan('kafka', 'revenue', 7)).toMatchObject({
      name: 'send revenue',
      kind: 'producer',
      attributes: { 'messaging.batch.message_count': 7 },
    });
  });
});
