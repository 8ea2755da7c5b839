// Package needs declares what has to be on a machine to play the parts: programs
// from Debian's packages, archives from Maven's repository, and rights. All of it
// is declared here and nowhere else.
package needs

// Programs, with the packages of Debian that have them.
var (
	Java  = Program{Name: "java", Package: "default-jre-headless"}
	Maven = Program{Name: "mvn", Package: "maven"}

	Redis     = Program{Name: "redis-server", Package: "redis-server"}
	Mosquitto = Program{Name: "mosquitto", Package: "mosquitto"}
	NATS      = Program{Name: "nats-server", Package: "nats-server"}
	// RabbitMQ's program in PATH becomes another user and knows one folder.
	RabbitMQ   = Program{Name: "/usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server", Package: "rabbitmq-server"}
	Erlang     = Program{Name: "epmd", Package: "rabbitmq-server"}
	PostgreSQL = Program{Name: "/usr/lib/postgresql/*/bin/postgres", Package: "postgresql"}

	IP       = Program{Name: "ip", Package: "iproute2"}
	IPTables = Program{Name: "iptables", Package: "iptables"}
	Nginx    = Program{Name: "nginx", Package: "nginx-light"}
	HAProxy  = Program{Name: "haproxy", Package: "haproxy"}
	Squid    = Program{Name: "squid", Package: "squid"}
)

// Sets of archives. Each is a pom.xml in a folder of this one, which pins the
// versions.
var (
	Kafka4 = Jars{Name: "kafka-4"}
	Kafka3 = Jars{Name: "kafka-3.9"}
)

// A Need is something that has to be there.
type Need interface {
	// Missing says what is not there, or nothing.
	Missing() string
	// Of are the needs that have to be there to install it, itself included.
	of() []Need
}

// Missing says what is not there of several needs, or nothing.
func Missing(list []Need) string {
	for _, need := range list {
		if what := need.Missing(); what != "" {
			return what
		}
	}
	return ""
}
