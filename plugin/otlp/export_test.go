package otlp

// New makes a tracer provider of a config, for tests.
var New = newProvider
