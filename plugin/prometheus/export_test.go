package prometheus

// New makes an exporter of a config, for tests.
var New = newExporter
