import type { Manifest } from './manifests.ts';

interface Container {
  readonly name: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly resources: { readonly limits?: { readonly memory?: string } };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly mountPath: string }[];
  readonly startupProbe?: { readonly periodSeconds: number; readonly failureThreshold: number };
}
export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly hostNetwork?: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
}

export const podOf = ({ spec }: Manifest): PodSpec => (spec as { readonly template: { readonly spec: PodSpec } }).template.spec;
export const withPods = (manifests: readonly Manifest[]): readonly Manifest[] =>
  manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
export const valueOf = (pod: PodSpec, name: RegExp): string => pod.containers[0]?.env.find((one) => name.test(one.name))?.value ?? '';
