import { expect, it } from 'vitest';
import { createReadiness } from './readiness.ts';

const setUp = () => {
  let told = 0;
  const readiness = createReadiness(() => {
    told += 1;
  });
  return { readiness, told: () => told };
};

it('comes when every topic of the first version has been joined, and only once', () => {
  const { readiness, told } = setUp();
  readiness.expect('a');
  readiness.expect('b');
  readiness.settled('a');
  readiness.complete();
  expect(told()).toBe(0);
  readiness.settled('b');
  readiness.expect('c');
  readiness.settled('c');
  readiness.complete();
  expect(told()).toBe(1);
});

it('comes at once when there is nothing to join', () => {
  const { readiness, told } = setUp();
  readiness.complete();
  expect(told()).toBe(1);
});

it('does not come before all topics are named', () => {
  const { readiness, told } = setUp();
  readiness.expect('a');
  readiness.settled('a');
  expect(told()).toBe(0);
});
