package brokers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	_ "github.com/lib/pq" // the driver

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/torture/ordeal"
)

// postgresServer is PostgreSQL with an empty database.
type postgresServer struct {
	*service.Service
	db *sql.DB
}

// postgresWith starts PostgreSQL with these settings.
func postgresWith(settings ...string) starter {
	return func(ctx context.Context, folder string) (system, error) {
		port, err := ordeal.FreePort()
		if err != nil {
			return nil, err
		}
		data := filepath.Join(folder, dataFolder)
		if err := initialise(ctx, folder, data); err != nil {
			return nil, err
		}
		args := []string{"-D", data, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="}
		for _, setting := range settings {
			args = append(args, "-c", setting)
		}
		p := &postgresServer{}
		p.Service = service.New(service.Config{
			Name: "postgres", Path: needs.PostgreSQL.Path(), Folder: folder, Port: port, User: postgresUser(), Args: args,
			Ready: func(ctx context.Context) error { return p.db.PingContext(ctx) },
		})
		if p.db, err = sql.Open("postgres", p.url()); err != nil {
			return nil, fmt.Errorf("opening the database: %w", err)
		}
		return p, p.Start(ctx)
	}
}

// postgresVersion asks the program: its package only says which one to take.
func postgresVersion(ctx context.Context) string {
	said, err := exec.CommandContext(ctx, needs.PostgreSQL.Path(), "--version").Output()
	if fields := strings.Fields(string(said)); err == nil && len(fields) > 2 {
		return "PostgreSQL " + fields[2]
	}
	return "PostgreSQL of unknown version"
}

// postgresUser runs the server, which refuses root.
func postgresUser() string {
	if os.Geteuid() == 0 {
		return "postgres"
	}
	return ""
}

// initialise makes a database as the user who runs the server.
func initialise(ctx context.Context, folder, data string) error {
	args := []string{
		filepath.Join(filepath.Dir(needs.PostgreSQL.Path()), "initdb"),
		"-D", data, "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "--no-sync",
	}
	if who := postgresUser(); who != "" {
		if said, err := exec.CommandContext(ctx, "chown", who, data).CombinedOutput(); err != nil {
			return fmt.Errorf("giving a folder to %s: %w\n%s", who, err, said)
		}
		args = append([]string{"runuser", "-u", who, "--"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = folder
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making a database: %w\n%s", err, said)
	}
	return nil
}

// Start tries again while processes of the last life are still ending: the new
// one refuses the memory that they hold.
func (p *postgresServer) Start(ctx context.Context) error {
	for {
		err := p.Service.Start(ctx)
		if err == nil || !strings.Contains(err.Error(), "pre-existing shared memory block") || !ordeal.Wait(ctx, glance) {
			return err
		}
	}
}

func (p *postgresServer) url() string {
	return "postgres://postgres@" + p.Address() + "/postgres?sslmode=disable"
}

func (p *postgresServer) close() { _ = p.db.Close() }

// feed is an outbox, of which there is one in a database.
func (p *postgresServer) feed(ctx context.Context, _ string) (feed, error) {
	_, err := p.db.ExecContext(ctx, `
		CREATE TABLE outbox (
			id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			payload json NOT NULL,
			sent_at timestamptz,
			refused text
		);
		CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL;`)
	if err != nil {
		return nil, fmt.Errorf("making an outbox: %w", err)
	}
	return &outbox{server: p}, nil
}

type outbox struct{ server *postgresServer }

func (o *outbox) env() map[string]string { return map[string]string{"DATABASE_URL": o.server.url()} }

// put commits events, ten with each transaction.
func (o *outbox) put(ctx context.Context, events []ordeal.Event) error {
	for len(events) > 0 {
		n := min(10, len(events))
		if err := o.commit(ctx, events[:n]); err != nil {
			return fmt.Errorf("writing to the outbox: %w", err)
		}
		events = events[n:]
	}
	return nil
}

func (o *outbox) commit(ctx context.Context, events []ordeal.Event) (err error) {
	tx, err := o.server.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	for _, e := range events {
		if _, err = tx.ExecContext(ctx, "INSERT INTO outbox (payload) VALUES ($1)", string(e.Payload)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (o *outbox) left(ctx context.Context) (n int, err error) {
	err = o.server.db.QueryRowContext(ctx, "SELECT count(*) FROM outbox WHERE sent_at IS NULL").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting the outbox: %w", err)
	}
	return n, nil
}

func (*outbox) settings() []string { return nil }

func (*outbox) close() {}
