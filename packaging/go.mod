module benthos-segment/packaging

go 1.26.6

require (
	github.com/google/pprof v0.0.0-20250403155104-27863c87afa6
	github.com/stretchr/testify v1.12.1
	golang.org/x/mod v0.42.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
