{{- define "culprit.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Release and chart name, once if they are the same. 52: a StatefulSet's pods carry a label with its name and a hash. */}}
{{- define "culprit.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* What never changes during the life of a release. */}}
{{- define "culprit.selectorLabels" -}}
app.kubernetes.io/name: {{ include "culprit.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "culprit.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "culprit.selectorLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "culprit.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "culprit.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "culprit.image" -}}
{{- with .Values.image }}
{{- $repository := ternary (printf "%s/%s" .registry .repository) .repository (ne .registry "") }}
{{- if .digest }}
{{- printf "%s@%s" $repository .digest }}
{{- else }}
{{- printf "%s:%s" $repository (default $.Chart.AppVersion .tag) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Not empty when spans are sent to these pods. */}}
{{- define "culprit.isCollector" -}}
{{- if has .Values.role (list "all" "collector") }}yes{{ end }}
{{- end }}

{{/* Not empty when people look at these pods. */}}
{{- define "culprit.isApi" -}}
{{- if has .Values.role (list "all" "api") }}yes{{ end }}
{{- end }}

{{/* Not empty when those who send and those who read are asked for something. */}}
{{- define "culprit.isProtected" -}}
{{- if or (and .Values.ingestKeys.existingSecret .Values.apiToken.existingSecret) .Values.tls.clientCa }}yes{{ end }}
{{- end }}

{{/* A question to the pod: how often it is asked stands beside it. With a CA of clients, kubelet can only connect. */}}
{{- define "culprit.probe" -}}
{{- if .Values.tls.clientCa }}
tcpSocket: { port: http }
{{- else if .Values.tls.existingSecret }}
httpGet: { path: {{ .path }}, port: http, scheme: HTTPS }
{{- else }}
httpGet: { path: {{ .path }}, port: http }
{{- end }}
{{- end }}

{{/* Inside the cluster. */}}
{{- define "culprit.url" -}}
{{ ternary "https" "http" (ne .Values.tls.existingSecret "") }}://{{ include "culprit.fullname" . }}.{{ .Release.Namespace }}.svc:{{ .Values.service.port }}
{{- end }}

{{- define "culprit.publicUrl" -}}
{{- if .Values.config.publicUrl }}
{{- .Values.config.publicUrl }}
{{- else if and .Values.ingress.enabled .Values.ingress.hosts }}
{{- ternary "https" "http" (not (empty .Values.ingress.tls)) }}://{{ first .Values.ingress.hosts }}{{ trimSuffix "/" .Values.ingress.path }}
{{- else }}
{{- include "culprit.url" . }}
{{- end }}
{{- end }}

{{/* Ports of your own ClickHouse servers, each once, as JSON. */}}
{{- define "culprit.clickhousePorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.clickhouse.url }}
{{- $named := regexFind "[0-9]+$" (regexFind ":[0-9]+$" (trim .)) }}
{{- $ports = append $ports (int (default (ternary "443" "80" (hasPrefix "https:" (trim .))) $named)) }}
{{- end }}
{{- uniq $ports | toJson }}
{{- end }}

{{/* Combinations that can't work end here, before anything is installed. */}}
{{- define "culprit.check" -}}
{{- if and (ne .Values.role "all") (not .Values.clickhouse.url) }}
{{- fail "role needs clickhouse.url: pods don't share the database inside" }}
{{- end }}
{{- if gt (int .Values.replicas) 1 }}
{{- if not (has .Values.role (list "collector" "api")) }}
{{- fail "replicas must be 0 or 1, unless role is collector or api: the database inside belongs to one process, and findings are merged by one" }}
{{- end }}
{{- if and .Values.persistence.enabled .Values.persistence.existingClaim }}
{{- fail "persistence.existingClaim is one claim, and each of several pods needs a folder of its own" }}
{{- end }}
{{- end }}
{{- if and .Values.clickhouse.existingSecret (not .Values.clickhouse.url) }}
{{- fail "clickhouse.existingSecret needs clickhouse.url" }}
{{- end }}
{{- if and .Values.tls.clientCa (not .Values.tls.existingSecret) }}
{{- fail "tls.clientCa needs tls.existingSecret" }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "ingress.hosts must name at least one host" }}
{{- end }}
{{- end }}
