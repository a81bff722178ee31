{{/* Environment of every process. (root, prefix, set, service) */}}
{{- define "dsf.env" -}}
{{- $values := .root.Values -}}
- name: DSF_HOME
  value: /var/lib/dsf
- name: DSF_LOG_LEVEL
  value: {{ $values.logLevel | quote }}
{{- with dig "limits" "memory" "" .set.resources }}
- name: NODE_OPTIONS
  value: --max-old-space-size={{ div (mul (include "dsf.mebibytes" . | int) (int $.set.heapPercent)) 100 }}
{{- end }}
{{- include "dsf.databaseEnv" $values | nindent 0 }}
{{- include "dsf.warehouseEnv" $values | nindent 0 }}
{{- include "dsf.internalEnv" $values | nindent 0 }}
{{- include "dsf.tracingEnv" . | nindent 0 }}
{{- if .prefix }}
- name: {{ .prefix }}_HTTP_PORT
  value: '8080'
- name: {{ .prefix }}_DRAIN
  value: {{ printf "%ds" (int .set.drainSeconds) }}
{{- range $name, $value := .set.settings }}
- name: {{ printf "%s_%s" $.prefix $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- range concat $values.env (default list .set.env) }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end -}}

{{/* A login from a Secret, as a mounted file or as the variable itself. (as, secret, folder, entries: variable -> key) */}}
{{- define "dsf.secretEnv" -}}
{{- $given := . -}}
{{- range $variable, $key := .entries }}
{{- if eq $given.as "file" }}
- name: {{ $variable }}_FILE
  value: {{ printf "%s/%s" $given.folder $key }}
{{- else }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef: { name: {{ $given.secret }}, key: {{ $key }} }
{{- end }}
{{- end }}
{{- end -}}

{{- define "dsf.databaseEnv" -}}
{{- if eq .database.kind "mssql" }}
{{- with .database.mssql }}
- name: DSF_DATABASE
  value: mssql
- name: DSF_MSSQL_SERVER
  value: {{ .server | quote }}
{{- with .port }}
- name: DSF_MSSQL_PORT
  value: {{ int . | quote }}
{{- end }}
{{- with .instance }}
- name: DSF_MSSQL_INSTANCE
  value: {{ . | quote }}
{{- end }}
- name: DSF_MSSQL_DATABASE
  value: {{ .database | quote }}
- name: DSF_MSSQL_SCHEMA
  value: {{ .schema | quote }}
- name: DSF_MSSQL_ENCRYPT
  value: {{ .encrypt | quote }}
- name: DSF_MSSQL_POOL_MAX
  value: {{ int .poolMax | quote }}
{{- with .caFile }}
- name: DSF_MSSQL_CA_FILE
  value: {{ . | quote }}
{{- end }}
{{- with .certificateName }}
- name: DSF_MSSQL_CERTIFICATE_NAME
  value: {{ . | quote }}
{{- end }}
{{- if .trustServerCertificate }}
- name: DSF_MSSQL_TRUST_SERVER_CERTIFICATE
  value: 'true'
{{- end }}
{{- with .connectTimeout }}
- name: DSF_MSSQL_CONNECT_TIMEOUT
  value: {{ . | quote }}
{{- end }}
{{- with .requestTimeout }}
- name: DSF_MSSQL_REQUEST_TIMEOUT
  value: {{ . | quote }}
{{- end }}
{{- with .lockTimeout }}
- name: DSF_MSSQL_LOCK_TIMEOUT
  value: {{ . | quote }}
{{- end }}
- name: DSF_MSSQL_LOGIN
  value: {{ .login }}
{{- if ne .login "sql" }}
{{- with .clientId }}
- name: DSF_MSSQL_CLIENT_ID
  value: {{ . | quote }}
{{- end }}
{{- with .tenantId }}
- name: DSF_MSSQL_TENANT_ID
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- if eq .login "sql" }}
{{- include "dsf.secretEnv" (dict "as" .as "secret" .existingSecret "folder" "/etc/dsf/database" "entries" (dict "DSF_MSSQL_USER" .userKey "DSF_MSSQL_PASSWORD" .passwordKey)) }}
{{- else if eq .login "azure-service-principal" }}
{{- include "dsf.secretEnv" (dict "as" .as "secret" .existingSecret "folder" "/etc/dsf/database" "entries" (dict "DSF_MSSQL_CLIENT_SECRET" .clientSecretKey)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "dsf.warehouseEnv" -}}
{{- if eq .warehouse.kind "bigquery" }}
- name: DSF_WAREHOUSE
  value: bigquery
{{- with .warehouse.bigquery }}
- name: DSF_BIGQUERY_PROJECT
  value: {{ .project | quote }}
- name: DSF_BIGQUERY_DATASET
  value: {{ .dataset | quote }}
- name: DSF_BIGQUERY_LOCATION
  value: {{ .location | quote }}
- name: DSF_BIGQUERY_QUERY_TIMEOUT
  value: {{ .queryTimeout | quote }}
- name: DSF_BIGQUERY_APPEND_TIMEOUT
  value: {{ .appendTimeout | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "dsf.internalEnv" -}}
{{- if eq .internal.transport "pubsub" }}
- name: DSF_INTERNAL_TRANSPORT
  value: pubsub
{{- with .internal.prefix }}
- name: DSF_INTERNAL_PREFIX
  value: {{ . | quote }}
{{- end }}
{{- with .internal.pubsub.project }}
- name: DSF_INTERNAL_PUBSUB_PROJECT
  value: {{ . | quote }}
{{- end }}
{{- with .internal.pubsub.region }}
- name: DSF_INTERNAL_PUBSUB_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .internal.pubsub.endpoint }}
- name: DSF_INTERNAL_PUBSUB_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- if eq .internal.transport "kafka" }}
- name: DSF_INTERNAL_TRANSPORT
  value: kafka
- name: DSF_INTERNAL_KAFKA_BROKERS
  value: {{ join "," .internal.kafka.brokers | quote }}
{{- with .internal.kafka.clientId }}
- name: DSF_INTERNAL_KAFKA_CLIENT_ID
  value: {{ . | quote }}
{{- end }}
{{- with .internal.prefix }}
- name: DSF_INTERNAL_PREFIX
  value: {{ . | quote }}
{{- end }}
{{- with .internal.kafka.tls }}
{{- if .enabled }}
- name: DSF_INTERNAL_KAFKA_TLS
  value: 'true'
{{- if .existingSecret }}
{{- with .caKey }}
- name: DSF_INTERNAL_KAFKA_TLS_CA
  value: /etc/dsf/kafka-tls/{{ . }}
{{- end }}
{{- with .certKey }}
- name: DSF_INTERNAL_KAFKA_TLS_CERT
  value: /etc/dsf/kafka-tls/{{ . }}
{{- end }}
{{- with .keyKey }}
- name: DSF_INTERNAL_KAFKA_TLS_KEY
  value: /etc/dsf/kafka-tls/{{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .internal.kafka.sasl }}
{{- if ne .mechanism "none" }}
- name: DSF_INTERNAL_KAFKA_SASL
  value: {{ .mechanism }}
{{- $entries := dict "DSF_INTERNAL_KAFKA_USERNAME" .usernameKey "DSF_INTERNAL_KAFKA_PASSWORD" .passwordKey }}
{{- if eq .mechanism "oauthbearer" }}{{- $entries = dict "DSF_INTERNAL_KAFKA_TOKEN" .tokenKey }}{{- end }}
{{- include "dsf.secretEnv" (dict "as" .as "secret" .existingSecret "folder" "/etc/dsf/kafka" "entries" $entries) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "dsf.tracingEnv" -}}
{{- with .root.Values.tracing }}
{{- if .enabled }}
- name: OTEL_TRACES_EXPORTER
  value: otlp
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: {{ .protocol | quote }}
- name: OTEL_TRACES_SAMPLER
  value: {{ .sampler | quote }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .samplerArg | quote }}
- name: OTEL_SERVICE_NAME
  value: dsf-{{ $.service }}
- name: POD_NAME
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name={{ $.root.Release.Namespace }},k8s.pod.name=$(POD_NAME)
{{- end }}
{{- end }}
{{- end -}}
