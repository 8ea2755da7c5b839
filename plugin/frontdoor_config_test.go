package plugin_test

import (
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAConfigOfTheFrontDoorIsChecked(t *testing.T) {
	for conf, want := range map[string]string{
		`write_keys: [ "" ]`:                                      "field write_keys has an empty entry",
		`write_keys: [ "${file:/run/secrets/key}" ]`:              "field write_keys has the name of a file for a key",
		`write_keys: [ "a", " " ]`:                                "field write_keys has an empty entry",
		`address: "8080"`:                                         "field address must be a host and a port",
		`address: ":99999"`:                                       "field address must be a host and a port",
		`path_prefix: "https://a.example"`:                        "field path_prefix must be a path",
		`path_prefix: "/events/v1/"`:                              "field path_prefix must not end with /v1",
		`cors: { allowed_origins: [ "shop.example.com" ] }`:       "field cors.allowed_origins",
		`cors: { allowed_origins: [ "https://shop.example/a" ] }`: "field cors.allowed_origins",
		`trusted_proxies: [ "proxy" ]`:                            "field trusted_proxies",
		`public_url: "t.example.com"`:                             "field public_url must begin with http:// or https://",
		`public_url: "https://t.example.com?a"`:                   "field public_url must be a base URL",
		`tls: { cert_file: a.pem }`:                               "field tls needs cert_file and key_file together",
		`timeout: 0s`:                                             "field timeout must be a duration",
		`body_timeout: 0s`:                                        "field body_timeout must be a duration",
		`gather: -1s`:                                             "field gather must be a duration",
		`max_pending: 0`:                                          "field max_pending must be from 1",
		`max_request_events: 0`:                                   "field max_request_events must be from 1",
		`max_connections: 0`:                                      "field max_connections must be from 1",
		`max_request_bytes: 1`:                                    "field max_request_bytes must be from 1024",
		`max_pending_bytes: 9000000`:                              "field max_pending_bytes must be at least twice max_request_bytes",
		`dialect: mixpanel`:                                       "mixpanel",
	} {
		t.Run(conf, func(t *testing.T) {
			yaml := "segment: { " + conf + " }"
			lints, err := service.GlobalEnvironment().NewComponentConfigLinter().LintInputYAML([]byte(yaml))
			require.NoError(t, err)
			require.NotEmpty(t, lints)
			assert.Contains(t, lints[0].Error(), want)
			builder := service.NewStreamBuilder()
			builder.DisableLinting()
			require.NoError(t, builder.AddInputYAML(yaml))
			require.NoError(t, builder.AddOutputYAML("drop: {}"))
			require.NoError(t, builder.SetLoggerYAML("level: none"))
			stream, err := builder.Build()
			if err == nil {
				err = stream.Run(t.Context())
			}
			assert.ErrorContains(t, err, want)
		})
	}
}

func TestAGoodConfigOfTheFrontDoorHasNoLint(t *testing.T) {
	for _, conf := range []string{
		`{}`, `{ address: "[::1]:0", write_keys: [ a, b ], path_prefix: events/, dialect: segment, timeout: 1m }`,
		`{ cors: { allowed_origins: [ "https://*.example.com", "http://localhost:3000", "*" ] }, trusted_proxies: [ 10.0.0.0/8, "::1", "fd00::/8" ] }`,
		`{ public_url: "https://t.example.com/e", gather: 0s, tls: { cert_file: "", key_file: "" }, max_pending_bytes: 16777216 }`,
	} {
		lints, err := service.GlobalEnvironment().NewComponentConfigLinter().LintInputYAML([]byte("segment: " + conf))
		require.NoError(t, err)
		assert.Empty(t, lints, conf)
	}
}
