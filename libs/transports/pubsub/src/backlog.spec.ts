import { describe, expect, it } from 'vitest';
import { readBacklog } from './backlog.ts';

const now = Date.UTC(2026, 10, 25, 12, 0);
const question = { project: 'my-project', subscription: 'orders-for-dsf', now };
/** As https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list documents it; the newest point comes first. */
const answer = {
  timeSeries: [
    {
      metric: { type: 'pubsub.googleapis.com/subscription/num_undelivered_messages' },
      valueType: 'INT64',
      points: [
        { interval: { startTime: '2026-11-25T11:58:00Z', endTime: '2026-11-25T11:58:00Z' }, value: { int64Value: '1234' } },
        { interval: { startTime: '2026-11-25T11:57:00Z', endTime: '2026-11-25T11:57:00Z' }, value: { int64Value: '9' } },
      ],
    },
  ],
};

describe('the backlog of a subscription, against answers that Cloud Monitoring documents', () => {
  it('is what was counted last, with the time of that', async () => {
    const asked: URL[] = [];
    const ask = async (url: string): Promise<unknown> => {
      asked.push(new URL(url));
      return answer;
    };
    expect(await readBacklog(ask, question)).toEqual({ messages: 1234, at: Date.UTC(2026, 10, 25, 11, 58) });
    await readBacklog(ask, { ...question, subscription: 'projects/other/subscriptions/theirs' });
    expect(asked.map(({ origin, pathname }) => `${origin}${pathname}`)).toEqual([
      'https://monitoring.googleapis.com/v3/projects/my-project/timeSeries',
      'https://monitoring.googleapis.com/v3/projects/other/timeSeries',
    ]);
    expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({
      filter:
        'metric.type = "pubsub.googleapis.com/subscription/num_undelivered_messages" AND resource.labels.subscription_id = "orders-for-dsf"',
      'interval.startTime': '2026-11-25T11:50:00.000Z',
      'interval.endTime': '2026-11-25T12:00:00.000Z',
    });
    expect(asked[1]?.searchParams.get('filter')).toContain('subscription_id = "theirs"');
  });

  it.each([{}, { timeSeries: [] }, { timeSeries: [{ points: [] }] }, { timeSeries: [{ points: [{ value: {} }] }] }])(
    'is not known when nothing was counted: %j',
    async (body) => {
      expect(await readBacklog(async () => body, question)).toBeNull();
    },
  );
});
