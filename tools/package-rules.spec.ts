import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { roomOf } from './arrows.ts';
import { importsOf, readPackages } from './package-graph.ts';
import type { WorkspacePackage } from './package-graph.ts';
import { packageProblems } from './package-rules.ts';

const pack = (name: string, folder: string, more: Partial<WorkspacePackage> = {}): WorkspacePackage => ({
  name,
  folder,
  dependencies: [],
  devDependencies: [],
  imports: [],
  specImports: [],
  ...more,
});

describe('the packages', () => {
  it('catch an import that is not declared', () => {
    expect(packageProblems([pack('@dsf/ports', 'libs/ports', { imports: ['@dsf/messages'] })])).toEqual([
      '@dsf/ports imports @dsf/messages without declaring it in dependencies',
    ]);
  });
  it('catch code that relies on what is declared for specs alone', () => {
    const ports = pack('@dsf/ports', 'libs/ports', { imports: ['@dsf/testing'], devDependencies: ['@dsf/testing'] });
    expect(packageProblems([ports])).toEqual(['@dsf/ports imports @dsf/testing without declaring it in dependencies']);
  });
  it('catch a spec import that is not declared', () => {
    expect(packageProblems([pack('@dsf/ports', 'libs/ports', { specImports: ['@dsf/testing'] })])).toEqual([
      'specs of @dsf/ports import @dsf/testing without declaring it in devDependencies',
    ]);
  });
  it('catch a dependency against the arrows, before any code uses it', () => {
    expect(packageProblems([pack('@dsf/messages', 'libs/messages', { dependencies: ['@dsf/metadata'] })])).toEqual([
      '@dsf/messages depends on @dsf/metadata, against the arrows',
    ]);
  });
  it('catch the test kit among the dependencies of code', () => {
    expect(packageProblems([pack('@dsf/ports', 'libs/ports', { dependencies: ['@dsf/testing'] })])).toEqual([
      '@dsf/ports depends on @dsf/testing, against the arrows',
    ]);
  });
  it('catch an adapter that the specs of the runtime depend on', () => {
    expect(packageProblems([pack('@dsf/runtime', 'libs/runtime', { devDependencies: ['@dsf/database-sqlite'] })])).toEqual([
      'specs of @dsf/runtime depend on @dsf/database-sqlite, against the arrows',
    ]);
  });
  it('catch packages that depend on each other in a ring', () => {
    const ring = [
      pack('@dsf/wiring', 'libs/wiring', { dependencies: ['@dsf/runtime'] }),
      pack('@dsf/runtime', 'libs/runtime', { dependencies: ['@dsf/ports'] }),
      pack('@dsf/ports', 'libs/ports', { dependencies: ['@dsf/wiring'] }),
    ];
    expect(packageProblems(ring)).toContain('@dsf/wiring → @dsf/runtime → @dsf/ports → @dsf/wiring');
  });
  it('catch a folder that no arrow knows', () => {
    expect(packageProblems([pack('@dsf/odd', 'libs/odd')])).toEqual(['libs/odd has no line in tools/arrows.ts']);
  });
  it('know adapters and phases that do not exist yet', () => {
    expect([roomOf('libs/transports/kafka'), roomOf('libs/databases/mssql'), roomOf('libs/phases/enrich')]).not.toContain(undefined);
  });
  it('see static, bare, dynamic and type imports and re-exports', () => {
    const text = `import { a } from '@dsf/a';\nimport '@dsf/b';\nconst c = await import('@dsf/c');\ntype D = import('@dsf/d').D;\nexport * from "@dsf/e";\nimport x from './x.ts';`;
    expect(importsOf(text)).toEqual(['@dsf/a', '@dsf/b', '@dsf/c', '@dsf/d', '@dsf/e']);
  });
  it('of this repository keep all of this', () => {
    expect(packageProblems(readPackages(dirname(import.meta.dirname)))).toEqual([]);
  });
});
