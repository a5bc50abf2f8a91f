package interoptest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// debianPostgres are the directories of the server on Debian, which are not in PATH.
const debianPostgres = "/usr/lib/postgresql/*/bin"

// PostgresUser is a superuser of the server that Postgres starts. It needs no password.
const PostgresUser = "interop"

// Database is a PostgreSQL server.
type Database struct {
	Addr   string // host:port
	Socket string // path of its Unix-domain socket
}

// Postgres starts a PostgreSQL server with data in a temporary directory. If the test runs as root,
// the server runs as the user postgres, because it refuses root.
func Postgres(t testing.TB) Database {
	t.Helper()
	initdb, postgres := Need(t, "initdb", debianPostgres), Need(t, "postgres", debianPostgres)
	dir := newDir(t)
	as := []string{}
	if os.Getuid() == 0 {
		as = unprivileged(t, dir)
	}
	run := func(program string, args ...string) *exec.Cmd {
		line := append(append(append([]string{}, as...), program), args...)
		command := exec.Command(line[0], line[1:]...)
		command.Dir = dir
		return command
	}
	data := filepath.Join(dir, "data")
	out, err := run(initdb, "-D", data, "-U", PostgresUser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	command := func(port string) *exec.Cmd {
		return run(postgres, "-D", data, "-k", dir, "-h", "127.0.0.1", "-p", port, "-c", "fsync=off")
	}
	// SIGQUIT ends the server at once: its data is not needed any more.
	addr := startOn(t, syscall.SIGQUIT, command, answers)
	_, port, _ := net.SplitHostPort(addr)
	return Database{Addr: addr, Socket: filepath.Join(dir, ".s.PGSQL."+port)}
}

// unprivileged returns the command that runs another as the user postgres, who gets dir. The other
// command has the same process id.
func unprivileged(t testing.TB, dir string) []string {
	t.Helper()
	setpriv := Need(t, "setpriv")
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("PostgreSQL refuses root, and there is no other user for it: %v", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return []string{setpriv, "--reuid", u.Uid, "--regid", u.Gid, "--clear-groups"}
}

// answers asks a server whether it takes connections now. It refuses them while it starts.
func answers(ctx context.Context, addr string) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	text := "\x00\x03\x00\x00user\x00" + PostgresUser + "\x00database\x00postgres\x00\x00"
	if _, err := fmt.Fprintf(c, "\x00\x00\x00%c%s", 4+len(text), text); err != nil {
		return err
	}
	first := make([]byte, 1)
	if _, err := c.Read(first); err != nil {
		return err
	}
	if first[0] != 'R' { // AuthenticationOk; an error is 'E'
		return fmt.Errorf("the server answers a message of type %q", first)
	}
	return nil
}
