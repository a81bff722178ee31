{{/* The pod of every process: the four phases, the migration, the console, and mode single. (root, component, app, prefix, service, set, command, args, home, probes) */}}
{{- define "dsf.podSpec" -}}
{{- $values := .root.Values -}}
{{- $database := $values.database -}}
{{- $kafka := $values.internal.kafka -}}
{{- $isKafka := eq $values.internal.transport "kafka" -}}
serviceAccountName: {{ include "dsf.serviceAccountName" (dict "root" .root "component" .component "account" .set.serviceAccount) }}
automountServiceAccountToken: {{ default false .set.serviceAccount.automountToken }}
enableServiceLinks: false
{{- with $values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int $values.podSecurity.runAsUser }}
  runAsGroup: {{ int $values.podSecurity.runAsGroup }}
  fsGroup: {{ int $values.podSecurity.fsGroup }}
  seccompProfile: { type: RuntimeDefault }
{{- with .set.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .set.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .set.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .set.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .set.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .set.hostAliases }}
hostAliases: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: {{ .component }}
    image: {{ include "dsf.image" (dict "root" .root "app" .app) }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    {{- with .command }}
    command: {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .args }}
    args: {{- toYaml . | nindent 6 }}
    {{- end }}
    env: {{- include "dsf.env" . | trim | nindent 6 }}
    {{- with concat $values.envFrom (default list .set.envFrom) }}
    envFrom: {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if .probes }}
    ports:
      - { name: http, containerPort: 8080, protocol: TCP }
    startupProbe:
      httpGet: { path: /startup, port: http }
      {{- toYaml .set.probes.startup | nindent 6 }}
    livenessProbe:
      httpGet: { path: /live, port: http }
      {{- toYaml .set.probes.liveness | nindent 6 }}
    readinessProbe:
      httpGet: { path: /ready, port: http }
      {{- toYaml .set.probes.readiness | nindent 6 }}
    {{- end }}
    resources: {{- toYaml .set.resources | nindent 6 }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      privileged: false
      capabilities: { drop: [ALL] }
    volumeMounts:
      - { name: home, mountPath: /var/lib/dsf }
      - { name: tmp, mountPath: /tmp }
      {{- if and (eq $database.kind "mssql") (eq $database.mssql.as "file") $database.mssql.existingSecret }}
      - { name: database-login, mountPath: /etc/dsf/database, readOnly: true }
      {{- end }}
      {{- if and $isKafka (ne $kafka.sasl.mechanism "none") (eq $kafka.sasl.as "file") }}
      - { name: kafka-login, mountPath: /etc/dsf/kafka, readOnly: true }
      {{- end }}
      {{- if and $isKafka $kafka.tls.enabled $kafka.tls.existingSecret }}
      - { name: kafka-tls, mountPath: /etc/dsf/kafka-tls, readOnly: true }
      {{- end }}
      {{- range concat $values.volumeMounts (default list .set.volumeMounts) }}
      - {{ toYaml . | nindent 8 | trim }}
      {{- end }}
volumes:
  {{- if .home }}
  - name: home
    persistentVolumeClaim: { claimName: {{ .home }} }
  {{- else }}
  - { name: home, emptyDir: {} }
  {{- end }}
  - { name: tmp, emptyDir: {} }
  {{- if and (eq $database.kind "mssql") (eq $database.mssql.as "file") $database.mssql.existingSecret }}
  - name: database-login
    secret: { secretName: {{ $database.mssql.existingSecret }}, defaultMode: 0440 }
  {{- end }}
  {{- if and $isKafka (ne $kafka.sasl.mechanism "none") (eq $kafka.sasl.as "file") }}
  - name: kafka-login
    secret: { secretName: {{ $kafka.sasl.existingSecret }}, defaultMode: 0440 }
  {{- end }}
  {{- if and $isKafka $kafka.tls.enabled $kafka.tls.existingSecret }}
  - name: kafka-tls
    secret: { secretName: {{ $kafka.tls.existingSecret }}, defaultMode: 0440 }
  {{- end }}
  {{- range concat $values.volumes (default list .set.volumes) }}
  - {{ toYaml . | nindent 4 | trim }}
  {{- end }}
{{- end -}}
