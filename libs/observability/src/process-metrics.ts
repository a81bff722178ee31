/** What prom-client says of the process itself and the dashboards show; the rest of its metrics are there too. */
export const processMetrics = [
  { name: 'process_cpu_seconds_total', help: 'CPU time of the process' },
  { name: 'process_resident_memory_bytes', help: 'Memory of the process' },
  { name: 'nodejs_heap_size_used_bytes', help: 'Heap in use' },
  { name: 'nodejs_heap_size_total_bytes', help: 'Heap taken from the system' },
  { name: 'nodejs_external_memory_bytes', help: 'Memory of buffers outside the heap' },
  { name: 'nodejs_eventloop_lag_mean_seconds', help: 'Mean delay of the event loop' },
  { name: 'nodejs_eventloop_lag_p99_seconds', help: 'Delay of the event loop, 99th percentile' },
  { name: 'nodejs_gc_duration_seconds', help: 'Time of garbage collections' },
] as const;
