/** When a service is ready: once it is a member of the group of every topic that its first version names. */
export interface Readiness {
  /** A topic that is about to be joined. */
  expect(name: string): void;
  /** It was joined, or was given up. */
  settled(name: string): void;
  /** Every topic of the first version has been named. */
  complete(): void;
}

/** @param tell - called once */
export const createReadiness = (tell: () => void): Readiness => {
  const waiting = new Set<string>();
  let isComplete = false;
  let isTold = false;
  const look = (): void => {
    if (isTold || !isComplete || waiting.size > 0) return;
    isTold = true;
    tell();
  };
  return {
    expect: (name) => void waiting.add(name),
    settled(name) {
      waiting.delete(name);
      look();
    },
    complete() {
      isComplete = true;
      look();
    },
  };
};
