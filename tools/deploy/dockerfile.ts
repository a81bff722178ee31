/** One instruction of a Dockerfile, its continuation lines joined. */
export interface Instruction {
  readonly word: string;
  readonly text: string;
}

export const parseDockerfile = (text: string): readonly Instruction[] =>
  text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [word = ''] = line.split(/\s/, 1);
      return { word: word.toUpperCase(), text: line.slice(word.length).trim() };
    });

export interface Stage {
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** Stages begin at FROM. */
export const stagesOf = (instructions: readonly Instruction[]): readonly Stage[] => {
  const stages: { name: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructions) {
    if (instruction.word === 'FROM') stages.push({ name: / AS (\w+)/i.exec(instruction.text)?.[1] ?? '', instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
};
