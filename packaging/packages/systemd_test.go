package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bootScript starts the systemd of a Debian as the first process of namespaces of
// its own, in a control group of its own, which is removed when it has ended. It
// writes which process that is.
const bootScript = `
set -e
ip link set lo up
mount -t tmpfs memory "$2"
mkdir "$2/upper" "$2/work" "$2/root" "$2/groups"
mount -t overlay debian -o lowerdir="$1",upperdir="$2/upper",workdir="$2/work" "$2/root"
mount -t cgroup2 groups "$2/groups"
own="$2/groups/benthos-segment-$$"
mkdir "$own"
trap 'find "$own" -depth -type d -exec rmdir {} \;' EXIT
sh -ec 'echo $$ >"$1/cgroup.procs"; exec unshare --mount --pid --cgroup --ipc --uts --fork --kill-child sh -ec "$2" sh "$3"' \
	sh "$own" "$3" "$2/root" </dev/null >&2 &
started=$!
tries=0
until systemd=$(cat /proc/$started/task/$started/children) && [ "$(cat /proc/${systemd% }/comm 2>/dev/null)" = systemd ]; do
	kill -0 $started
	tries=$((tries + 1))
	if [ $tries -gt 2000 ]; then
		echo 'systemd has not started' >&2
		kill -KILL $started
		exit 1
	fi
	sleep 0.05
done
echo $systemd
cat
kill -KILL $systemd
wait || true
`

const initScript = `
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t cgroup2 groups "$1/sys/fs/cgroup"
mount -t tmpfs memory "$1/run"
mount --rbind /dev "$1/dev"
cd "$1"
pivot_root . mnt
umount -l /mnt
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no
`

// bootedDebian makes a fresh one in which systemd runs.
func bootedDebian(t *testing.T) debian {
	t.Helper()
	folder := t.TempDir()
	hold := exec.Command("unshare", "--mount", "--net", "sh", "-c", bootScript, "sh", debianRoot(t, "systemd"), folder, initScript)
	systemd, err := startHeld(t, hold)
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("systemd cannot run here in namespaces of its own: %v", err)
	}
	require.NoError(t, err)
	d := debian{t: t, root: filepath.Join(folder, "root"), pid: strconv.Itoa(hold.Process.Pid), systemd: systemd}
	d.await("systemctl is-system-running | grep -E 'running|degraded'")
	d.says("running", "systemctl is-system-running || systemctl --failed --no-legend")
	return d
}

// manager is how a package is installed, upgraded and removed, and what says which
// version is there.
type manager struct {
	format, install, upgrade, remove, version string
}

var managers = []manager{
	{"deb", "apt-get install -y ", "apt-get install -y ", "apt-get remove -y benthos-segment", "dpkg-query -W -f '${Version}' benthos-segment"},
	// ca-certificates is there, and Debian's rpm does not know.
	{"rpm", "rpm --install --nodeps ", "rpm --upgrade --nodeps ", "rpm --erase benthos-segment", "rpm --query --queryformat '%{VERSION}' benthos-segment"},
}

// The service under systemd itself, with all that its unit forbids it.
func TestSystemdRunsTheService(t *testing.T) {
	for _, m := range managers {
		t.Run(m.format, func(t *testing.T) {
			d := bootedDebian(t)
			const first, second = "/root/first.package", "/root/second.package"
			d.put(packageFrom(t, made, m.format), first+"."+m.format)
			d.put(packageFrom(t, newer, m.format), second+"."+m.format)
			// vectordotdev/vector#8361: the installation failed where the group was there.
			d.do("groupadd --system benthos-segment")
			assert.Contains(t, d.do(m.install+first+"."+m.format), "Write a pipeline to /etc/benthos-segment/pipeline.yaml")
			d.says("inactive\ndisabled", "systemctl is-active benthos-segment || true; systemctl is-enabled benthos-segment || true")
			d.saysWhatIsMissing()
			d.enableWithASandbox()
			d.isConfined()
			d.listensAsTheKernelLets()
			d.readsTheEnvironmentAsTheBinaryDoes()
			d.upgrades(m, second+"."+m.format)
			if m.format == "deb" {
				d.restartsNothingAgainstThePolicy(second + ".deb")
			}

			d.do("systemctl stop benthos-segment")
			d.says("success\n0", "systemctl show -P Result benthos-segment; systemctl show -P ExecMainStatus benthos-segment")
			d.do("systemctl start benthos-segment")
			d.await("benthos-segment health")
			process := d.process()
			d.do(m.remove)
			d.do("test ! -e /proc/" + process)
			d.says("not-found", "systemctl show -P LoadState benthos-segment")
			d.says("", "find /etc/systemd/system -name 'benthos-segment*'")
		})
	}
}

// process is the main one of the service.
func (d debian) process() string {
	d.t.Helper()
	return d.do("systemctl show -P MainPID benthos-segment")
}

func (d debian) saysWhatIsMissing() {
	d.t.Helper()
	d.do("! systemctl enable --now benthos-segment")
	assert.Contains(d.t, d.do("systemctl status --no-pager benthos-segment || true"), "AssertPathExists=/etc/benthos-segment/pipeline.yaml was not met")
}

func (d debian) enableWithASandbox() {
	d.t.Helper()
	d.do("cat > /etc/benthos-segment/pipeline.yaml <<'EOF'\n" + pipeline + "EOF\ncat >> /etc/benthos-segment/environment <<'EOF'\n" + environment + "EOF")
	d.do("systemd-run --unit sandbox --uid nobody benthos-segment sandbox --write-key 'of-the#service'")
	d.await("benthos-segment health http://127.0.0.1:8765/healthz")
	d.do("systemctl enable --now benthos-segment")
	d.await("benthos-segment tail --last 1 --limit 1 | grep Served")
	d.await("test -s /var/lib/benthos-segment/dead_letters.ndjson")
	d.says("600 benthos-segment", "stat -c '%a %U' /var/lib/benthos-segment/dead_letters.ndjson")
	d.says("700 benthos-segment", "stat -c '%a %U' /var/lib/benthos-segment")
}

// isConfined looks at what the kernel lets the process do.
func (d debian) isConfined() {
	d.t.Helper()
	process := d.process()
	d.says("benthos-segment", "stat -c %U /proc/"+process)
	status := strings.Join(strings.Fields(d.do("cat /proc/"+process+"/status")), " ")
	for _, want := range []string{"NoNewPrivs: 1", "Seccomp: 2", "CapEff: 0000000000000000", "CapBnd: 0000000000000000"} {
		assert.Contains(d.t, status, want)
	}
	d.says("ro", "awk '$5 == \"/\" { print substr($6, 1, 2) }' /proc/"+process+"/mountinfo")
	d.says("rw", "awk '$5 == \"/var/lib/benthos-segment\" { print substr($6, 1, 2) }' /proc/"+process+"/mountinfo")
}

// golang/go#79002: without /proc/sys, Go lets 128 connections wait. And without
// /proc/stat the metrics do not say when the process has started.
func (d debian) listensAsTheKernelLets() {
	d.t.Helper()
	most, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	require.NoError(d.t, err)
	said, err := d.enter("ss", "--listening", "--tcp", "--numeric", "--no-header", "sport = :4195").CombinedOutput()
	require.NoError(d.t, err, string(said))
	fields := strings.Fields(string(said))
	require.Greater(d.t, len(fields), 3, string(said))
	assert.Equal(d.t, strings.TrimSpace(string(most)), fields[2], "how many connections may wait: %s", said)
	served := d.do(`bash -c 'exec 3<>/dev/tcp/127.0.0.1/4195; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3'`)
	assert.Contains(d.t, served, "\nprocess_start_time_seconds ")
}

// readsTheEnvironmentAsTheBinaryDoes compares what systemd and --env-file make of
// the same lines.
func (d debian) readsTheEnvironmentAsTheBinaryDoes() {
	d.t.Helper()
	d.says(oddValue, `echo '{}' | benthos-segment --env-file /etc/benthos-segment/environment blobl 'root = env("ODD")'`)
	d.says(oddValue, "tr '\\0' '\\n' < /proc/"+d.process()+"/environ | sed -n s/^ODD=//p")
}

// open-telemetry/opentelemetry-collector-releases#799: an upgrade of the rpm stopped
// the service and disabled it. rustfs/rustfs#8011: it was stopped by both.
// vectordotdev/vector#2553: systemd did not read the unit of the new version.
func (d debian) upgrades(m manager, file string) {
	d.t.Helper()
	before := d.process()
	assert.NotContains(d.t, d.do(m.upgrade+file), "Write a pipeline")
	d.says(newerVersion, m.version)
	d.says("active\nenabled\nno", "systemctl is-active benthos-segment; systemctl is-enabled benthos-segment; systemctl show -P NeedDaemonReload benthos-segment")
	assert.NotEqual(d.t, before, d.process(), "the new version runs")
	d.await("benthos-segment health")
	d.do("grep of-the#service /etc/benthos-segment/environment")
}

// influxdata/telegraf#3448: a package restarted its service where policy-rc.d, by
// which an administrator of Debian decides when that is, forbids it.
func (d debian) restartsNothingAgainstThePolicy(file string) {
	d.t.Helper()
	before := d.process()
	d.do("printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; apt-get install -y --reinstall " + file + "; rm /usr/sbin/policy-rc.d")
	assert.Equal(d.t, before, d.process())
}
