{{/* What a schema cannot say: settings that are right one by one and wrong together. */}}
{{- define "dsf.check" -}}
{{- $values := .Values -}}
{{- if eq $values.mode "single" -}}
  {{- if ne $values.database.kind "sqlite" -}}{{- fail "mode single runs on SQLite: set database.kind to sqlite, or mode to services" -}}{{- end -}}
  {{- if ne $values.internal.transport "local" -}}{{- fail "mode single uses the local log: set internal.transport to local, or mode to services" -}}{{- end -}}
{{- else -}}
  {{- if eq $values.database.kind "sqlite" -}}{{- fail "database.kind sqlite is a file of one pod: set mode to single, or database.kind to mssql" -}}{{- end -}}
  {{- if eq $values.internal.transport "local" -}}{{- fail "internal.transport local is a file of one pod: set mode to single, or internal.transport to kafka or pubsub" -}}{{- end -}}
  {{- if not $values.database.mssql.server -}}{{- fail "database.mssql.server is missing: the name of the SQL Server" -}}{{- end -}}
  {{- $mssql := $values.database.mssql -}}
  {{- if and (has $mssql.login (list "sql" "azure-service-principal")) (not $mssql.existingSecret) -}}{{- fail (printf "database.mssql.existingSecret is missing: the Secret with the login of the SQL Server, which login %s needs" $mssql.login) -}}{{- end -}}
  {{- if and (has $mssql.login (list "azure-default" "azure-managed-identity")) $mssql.existingSecret -}}{{- fail (printf "database.mssql.existingSecret is set, but login %s reads no Secret: set login to sql, or remove the Secret" $mssql.login) -}}{{- end -}}
  {{- if and (eq $mssql.login "azure-service-principal") (or (not $mssql.clientId) (not $mssql.tenantId)) -}}{{- fail "database.mssql.clientId and tenantId are missing: login azure-service-principal needs them" -}}{{- end -}}
  {{- if and (eq $mssql.login "sql") (or $mssql.clientId $mssql.tenantId) -}}{{- fail "database.mssql.clientId or tenantId is set, but login is sql: set it to one of azure-…, or remove them" -}}{{- end -}}
  {{- if and (not $mssql.port) (not $mssql.instance) -}}{{- fail "database.mssql.port is missing: without an instance it must be given" -}}{{- end -}}
  {{- if and (eq $values.internal.transport "kafka") (not $values.internal.kafka.brokers) -}}{{- fail "internal.kafka.brokers is missing: host:port of some brokers" -}}{{- end -}}
  {{- if and (eq $values.internal.transport "pubsub") $values.internal.kafka.brokers -}}{{- fail "internal.kafka.brokers is set, but internal.transport is pubsub: set it to kafka, or remove the brokers" -}}{{- end -}}
{{- end -}}
{{- if eq $values.warehouse.kind "bigquery" -}}
  {{- if not $values.warehouse.bigquery.project -}}{{- fail "warehouse.bigquery.project is missing: the project of Google Cloud that holds the dataset" -}}{{- end -}}
  {{- if not $values.warehouse.bigquery.location -}}{{- fail "warehouse.bigquery.location is missing: where the dataset is, or is to be made, such as EU" -}}{{- end -}}
{{- else if $values.warehouse.bigquery.project -}}
  {{- fail "warehouse.bigquery.project is set, but warehouse.kind is database: set it to bigquery, or remove the project" -}}
{{- end -}}
{{- $sasl := $values.internal.kafka.sasl -}}
{{- if and (ne $sasl.mechanism "none") (not $sasl.existingSecret) -}}{{- fail (printf "internal.kafka.sasl.existingSecret is missing: mechanism %s needs a Secret" $sasl.mechanism) -}}{{- end -}}
{{- if and $values.tracing.enabled (not $values.tracing.endpoint) -}}{{- fail "tracing.endpoint is missing: the address of an OpenTelemetry collector, such as http://collector:4318" -}}{{- end -}}
{{- $root := . -}}
{{- range $phase := list "ingestor" "flattener" "summariser" "publisher" -}}
  {{- $set := include "dsf.phase" (dict "root" $root "phase" $phase) | fromYaml -}}
  {{- include "dsf.checkPhase" (dict "root" $root "phase" $phase "set" $set) -}}
{{- end -}}
{{- end -}}

{{- define "dsf.checkPhase" -}}
{{- $where := printf "phases.%s" .phase -}}
{{- $set := .set -}}
{{- $scaling := $set.autoscaling -}}
{{- if le (int $set.terminationGracePeriodSeconds) (add (int $set.drainSeconds) 4 | int) -}}
  {{- fail (printf "%s: terminationGracePeriodSeconds (%d) must be at least 5 more than drainSeconds (%d), or a batch is killed half-way" $where (int $set.terminationGracePeriodSeconds) (int $set.drainSeconds)) -}}
{{- end -}}
{{- if ne $scaling.kind "none" -}}
  {{- if not (kindIs "invalid" $set.replicas) -}}{{- fail (printf "%s: replicas and autoscaling.kind %s exclude each other: leave replicas null" $where $scaling.kind) -}}{{- end -}}
  {{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}{{- fail (printf "%s: autoscaling.minReplicas is above maxReplicas" $where) -}}{{- end -}}
{{- end -}}
{{- $most := ternary (int $scaling.maxReplicas) (int (default 1 $set.replicas)) (ne $scaling.kind "none") -}}
{{- $lanes := .root.Values.lanes -}}
{{- if and (not (kindIs "invalid" $lanes)) (ne .phase "ingestor") (gt $most (int $lanes)) -}}
  {{- fail (printf "%s: %d replicas, but %d lanes: those beyond have no work" $where $most (int $lanes)) -}}
{{- end -}}
{{- if eq $scaling.kind "keda" -}}
  {{- if and (eq $scaling.keda.trigger "kafka") (ne .root.Values.internal.transport "kafka") (or (ne .phase "ingestor") (not $scaling.keda.kafka.bootstrapServers)) -}}{{- fail (printf "%s: autoscaling.keda.trigger kafka reads the lag of a topic on Kafka, but internal.transport is %s: set the trigger to prometheus" $where .root.Values.internal.transport) -}}{{- end -}}
  {{- if and (eq $scaling.keda.trigger "prometheus") (not $scaling.keda.prometheus.serverAddress) -}}{{- fail (printf "%s: autoscaling.keda.prometheus.serverAddress is missing" $where) -}}{{- end -}}
  {{- if and (eq $scaling.keda.trigger "kafka") (eq .phase "ingestor") (not $scaling.keda.kafka.topic) -}}{{- fail (printf "%s: autoscaling.keda.kafka.topic is missing: the topic of the source to scale by" $where) -}}{{- end -}}
  {{- if and (eq $scaling.keda.trigger "kafka") (eq .phase "ingestor") (not $scaling.keda.kafka.consumerGroup) -}}{{- fail (printf "%s: autoscaling.keda.kafka.consumerGroup is missing: %sdsf.ingest.<name of the source>" $where .root.Values.internal.prefix) -}}{{- end -}}
{{- end -}}
{{- if and (eq $scaling.kind "hpa") (kindIs "invalid" $scaling.hpa.cpuPercent) (kindIs "invalid" $scaling.hpa.memoryPercent) -}}{{- fail (printf "%s: autoscaling.hpa needs cpuPercent or memoryPercent" $where) -}}{{- end -}}
{{- end -}}
