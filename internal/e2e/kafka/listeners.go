package kafka

import (
	"fmt"
	"strings"
)

// listeners are the settings that say where a broker listens, and what it tells
// its clients: those of this machine its address here, and those of another
// network the one that reaches it from there.
func (b *broker) listeners(o options) []setting {
	protocol := "PLAINTEXT"
	if o.security != nil {
		protocol = "SASL_SSL"
	}
	listen := []string{fmt.Sprintf("CLIENT://127.0.0.1:%d", b.Port)}
	advertise := []string{listen[0]}
	if o.from.IsValid() {
		listen = append(listen, fmt.Sprintf("OUTSIDE://127.0.0.1:%d", b.outside))
		advertise = append(advertise, fmt.Sprintf("OUTSIDE://%s:%d", o.from, b.outside))
	}
	listen = append(listen, fmt.Sprintf("CONTROLLER://127.0.0.1:%d", b.controller))
	return []setting{
		"listeners=" + strings.Join(listen, ","),
		"advertised.listeners=" + strings.Join(advertise, ","),
		"listener.security.protocol.map=CLIENT:" + protocol + ",OUTSIDE:" + protocol + ",CONTROLLER:PLAINTEXT",
		"inter.broker.listener.name=CLIENT",
		"controller.listener.names=CONTROLLER",
	}
}
