import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BootedBox, bootBox, withoutBootedBox } from '../support/booted-box.js';
import { runProgram } from '../support/box.js';

test('scripts/setup --help and an option that it does not know install nothing', async () => {
  const help = await runProgram('scripts/setup', ['--help']);
  assert.equal(help.exitCode, 0, help.stderr);
  assert.match(help.stdout, /--with-tests/);
  assert.doesNotMatch(help.stdout, /^==/m);
  for (const options of [['--wiht-tests'], ['--with-tests', 'more']]) {
    const refused = await runProgram('scripts/setup', options);
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /setup does not know ".*"\n {2}what to do: run scripts\/setup --help/);
    assert.equal(refused.stdout, '');
  }
});

test('a machine becomes a box', { skip: withoutBootedBox, timeout: 480_000 }, async (t) => {
  await using box = await bootBox();
  await t.test('system packages: another program that installs some is waited for', () => waitsForApt(box));
  await t.test('system packages: what only a build needs goes again', () => takesBack(box));
});

/** A repository of three small packages on the machine itself instead of Debian's, and `hold FILE`, which locks one as apt does. */
const smallRepository = `
mkdir -p /srv/packages && cd /srv/packages
package() {
  mkdir -p $1/DEBIAN
  printf 'Package: %s\\nVersion: 1\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n%s' $1 "\${2:-}" > $1/DEBIAN/control
  dpkg-deb --build $1 > /dev/null
  { dpkg-deb --field $1.deb; echo "Filename: ./$1.deb"; echo "Size: $(stat -c %s $1.deb)"
    echo "SHA256: $(sha256sum $1.deb | cut -c1-64)"; echo; } >> Packages
}
package trial-tool
package trial-library
package trial-compiler 'Depends: trial-library
'
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/packages ./' > /etc/apt/sources.list
`;
const hold = `
hold() {
  coproc { exec python3 -c 'import fcntl,sys; f=open(sys.argv[1],"w"); fcntl.lockf(f,fcntl.LOCK_EX); print("held",flush=True); sys.stdin.read()' $1; }
  read -ru "\${COPROC[0]}"
}
release() { exec {COPROC[1]}>&-; wait $COPROC_PID; }
`;

async function waitsForApt(box: BootedBox) {
  await box.must(smallRepository);
  const policy = '/usr/sbin/policy-rc.d';
  for (const [lock, name] of [
    ['/var/lib/apt/lists/lock', 'trial-tool'],
    ['/var/lib/dpkg/lock-frontend', 'trial-library'],
  ]) {
    const said = await box.must(`${hold}
      hold ${lock}
      rm -f ${policy}
      scripts/system-packages ${name} > /tmp/said 2>&1 & packages=$!
      until grep 'waiting for it' /tmp/said; do kill -0 $packages; done
      ! dpkg-query -W ${name} 2> /dev/null
      release
      wait $packages
      dpkg-query -W ${name}
      ! [ -e ${policy} ]`);
    assert.match(said, new RegExp(`another program is installing packages[^]*${name}\\t1`));
  }
  const late = await box.run(`${hold}
    hold /var/lib/apt/lists/lock
    ROLLCALL_APT_WAIT_S=0 scripts/system-packages trial-compiler || status=$?
    release
    exit \${status:-0}`);
  assert.equal(late.exitCode, 1);
  assert.match(late.stderr, /Could not get lock \/var\/lib\/apt\/lists\/lock.*process \d+/);
  assert.match(late.stderr, /what to do: wait until it has ended/);
}

async function takesBack(box: BootedBox) {
  // Everything that the packages bring along is noted before it is there, and what was there before stays.
  await box.must('apt-get purge -qq -y trial-library');
  assert.equal(
    await box.must(`
      scripts/system-packages --for-now /tmp/list trial-tool trial-compiler > /dev/null
      sort /tmp/list
      dpkg-query -W trial-compiler > /dev/null
      scripts/system-packages --take-back /tmp/list > /dev/null
      scripts/system-packages --take-back /tmp/list
      ls /tmp/list 2> /dev/null || true
      dpkg-query -W -f '\${Package} \${Status}\\n' 'trial-*'`),
    'trial-compiler\ntrial-library\ntrial-tool install ok installed\n',
  );
}
