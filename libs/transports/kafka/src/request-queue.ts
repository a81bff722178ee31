import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/**
 * kafkajs 2.2.4 looks after each answer when a throttled request may go, also when none waits: `setTimeout` with a time before 1970, which
 * Node.js warns of and runs after 1 ms, and then again, for as long as the connection lasts. Nothing waits, so nothing need be looked for:
 * `push` looks when a request has to wait, and every answer looks too.
 */
export const lookOnlyWhenRequestsWait = (): void => {
  const look = RequestQueue.prototype.scheduleCheckPendingRequests;
  RequestQueue.prototype.scheduleCheckPendingRequests = function lookIfAnyWaits() {
    if (this.pending.length > 0) look.call(this);
  };
};
