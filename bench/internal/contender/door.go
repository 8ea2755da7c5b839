package contender

import "os/exec"

// The front doors that are compared.
const (
	DoorFloor  = "door_floor"
	DoorServer = "door_http_server"
	DoorSQLite = "door_sqlite"
	DoorQueue  = "door_queue"
	DoorSink   = "door_sink"
)

// Doors are front doors. They listen at DOOR_ADDRESS, and keep what they keep in
// the directory that they run in.
func Doors() []Contender {
	return []Contender{
		{ID: DoorFloor, Name: "`net/http` that reads and inflates", SendsNothing: true, command: func(t Tools, _, _ string) (*exec.Cmd, error) {
			return exec.Command(t.Self, "door"), nil
		}},
		{ID: DoorServer, Name: "`http_server` with a mapping, nothing kept, to `drop`", SendsNothing: true, command: pipeline([]string{"door_http_server", "door_mapping", "drop"}, stock)},
		{ID: DoorSQLite, Name: "`http_server` with a mapping, buffer `sqlite` (not synced), to `drop`", SendsNothing: true, command: pipeline([]string{"door_http_server", "door_mapping", "door_sqlite", "drop"}, stock)},
		{ID: DoorQueue, Name: "input `segment`, buffer `journal`, to `drop`", SendsNothing: true, command: pipeline([]string{"door", "drop"})},
		{ID: DoorSink, Name: "input `segment`, buffer `journal`, output `segment` to the sink", command: pipeline([]string{"door", "segment"})},
	}
}
