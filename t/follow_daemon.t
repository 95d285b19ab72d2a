#!/usr/bin/perl

# mta-sts follow as a daemon, on SQLite and on lines: changes, signals, --exec,
# systemd, full disks, and being killed at any moment.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use MtaSts;
use MtaSts::Follow qw(policies table_of);
use Socket qw(SOCK_DGRAM);
use Test::More;

my $slow = $ENV{MTA_STS_TEST_SLOW};

my $dir = tempdir(CLEANUP => 1);
my ($yaml, $table, $metrics, $db) = map { "$dir/$_" } qw(p.yaml table metrics db);

policies($yaml);

sub sql {
    my (@sql) = @_;
    my ($status, $out, $err) = run(join(";\n", @sql) . ";\n", 'sqlite3',
                                   '-cmd', '.timeout 20000', $db);
    is("$status$err", '0', "sql: @sql") if $status || $err;
    return $out;
}

sub metric {
    my ($name) = @_;
    return -1 unless -e $metrics;
    my ($value) = slurp($metrics) =~ /^mta_sts_follow_\Q$name\E (\S+)$/m;
    return $value // 'none';
}

sub mode { return (split ' ', table_of($table)->{$_[0]} // 'absent')[0] }

sub becomes {
    my ($domain, $mode) = @_;
    return ok(within(sub { mode($domain) eq $mode }), "$domain is $mode");
}


# SQLite: the schema, changes, SIGHUP, SIGTERM.

is((helper('follow', '--init', "sqlite:$db"))[0], 0, '--init');

sql("INSERT INTO mta_sts_domains (domain, policy) VALUES ('a.example', "
    . "'hosted'), ('b.example', 'try')");

my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "$dir/notify")
    or die;

my @args = ('-d', $yaml, '--every', '1s', '--metrics', $metrics);
my $follow = MtaSts::Follow->new($dir, "sqlite:$db", @args, '--exec',
    "cat >> $dir/exec.new; mv $dir/exec.new $dir/exec.\$\$");

{
    local @ENV{qw(NOTIFY_SOCKET WATCHDOG_USEC)} = ("$dir/notify", 2000000);
    $follow->start;
}

# what --exec was told so far

sub told {
    return join ' ', sort map { split ' ', slurp($_) } glob "$dir/exec.[0-9]*";
}

my $notified = '';

sub notified {
    my ($want) = @_;
    return within(sub {
        my $ready = '';
        vec($ready, fileno $socket, 1) = 1;
        while (select my $r = $ready, undef, undef, 0) {
            $socket->recv(my $text, 4096);
            $notified .= "$text\n";
        }
        return $notified =~ $want;
    });
}

ok(notified(qr/^READY=1$/m), 'systemd is told');
becomes('a.example', 'enforce');
ok(notified(qr/^STATUS=the table follows the source, 2 domains, 0 leaving/m),
   '... the status');
ok(notified(qr/^WATCHDOG=1$/m), '... that it lives');
ok(within(sub { told() eq 'a.example b.example' }), '--exec has the domains');

my ($status, $err) = $follow->once;
is($status, 1, 'a second one for the table');
like($err, qr/another process follows a source for/, '... is refused');

sql("INSERT INTO mta_sts_domains (domain, policy) VALUES ('c.example', 'try')");
becomes('c.example', 'testing');
sql("UPDATE mta_sts_domains SET policy = 'off' WHERE domain = 'b.example'");
becomes('b.example', 'none');
ok(within(sub { told() eq 'a.example b.example b.example c.example' }),
   '... --exec has what has changed') or diag told();
sql("DELETE FROM mta_sts_domains WHERE domain = 'b.example'");
ok(within(sub { metric('leaving_domains') == 1 }), 'one leaves');
is(mode('b.example'), 'none', '... and stays');
is((run(slurp($metrics), 'promtool', 'check', 'metrics'))[0], 0,
   'promtool finds nothing');

spew($yaml, slurp($yaml) =~ s/hosted: \{mode: enforce/hosted: {mode: testing/r);
kill 'HUP', $follow->pid;
becomes('a.example', 'testing');
ok(notified(qr/^RELOADING=1\nMONOTONIC_USEC=\d+\n(.*\n)*READY=1$/m),
   'SIGHUP: systemd is told');
like($follow->log, qr/^mta-sts: a\.example steps down from enforce to testing/m,
     '... a step down is said');

spew($yaml, 'nonsense');
kill 'HUP', $follow->pid;
ok(within(sub { $follow->log =~ /the policies stay as they are/ }),
   'SIGHUP with a bad file');
policies($yaml);

# the source is away, and comes back

rename $db, "$db.away";
ok(within(sub { metric('up') == 0 || !-e "$db.away" }), 'the source is away');
is(mode('a.example'), 'testing', '... the table stays');
ok(notified(qr/^STATUS=source down since \d{4}-.* UTC, table of \d{4}-/m),
   '... in the status');
unlink $db;
rename "$db.away", $db;
sql("INSERT INTO mta_sts_domains (domain, policy) VALUES ('d.example', 'try')");
becomes('d.example', 'testing');
ok(within(sub { metric('up') == 1 }), '... it is back');

$follow->stop;
ok(notified(qr/^STOPPING=1$/m), '... systemd is told');


# --exec: one at a time; what fails is told again.

my @options = ('-d', $yaml, '--metrics', $metrics);
my @input = ('-', '--table', $table, @options);

unlink glob "$dir/exec*";
spew("$dir/command", "#!/bin/sh\nmkdir $dir/lock || echo two >> $dir/two\n"
     . "sleep 0.2\ncat >> $dir/exec.1\nrmdir $dir/lock\n[ -e $dir/good ]\n");
chmod 0755, "$dir/command";

$follow = MtaSts::Follow->new($dir, '-', @options, '--exec',
                              "$dir/command")->start;
$follow->say("set x.example try\n");
ok(within(sub { -e "$dir/exec.1" }), '--exec runs');
$follow->say(join '', map { "set x$_.example try\n" } 1 .. 20);
becomes('x20.example', 'testing');
ok(within(sub { metric('exec_failures_total') > 0 }), '... and fails');
like($follow->log, qr/command" ended with status 1; it is run again for the /,
     '... said');
$follow->stop;

spew("$dir/good", '');
unlink "$dir/exec.1";
is((helper('follow', @input, '--once', '--exec', "$dir/command"))[0], 0,
   'a restart');
is(scalar(grep { $_ } told() =~ /\bx\d*\.example/g), 21,
   '... is told of all that were not told with success') or diag told();
ok(!-e "$dir/two", 'never two at a time');
is((helper('follow', @input, '--once', '--exec', 'false'))[0], 0,
   'nothing to tell');
is((helper(\"set x1.example off\n", 'follow', @input, '--once', '--exec',
           'exit 3'))[0], 1, '--once: a command that fails');


# SIGHUP with lines: named policies apply to the domains that are there.

unlink glob "$table*";
$follow = MtaSts::Follow->new($dir, '-', @options)->start;
$follow->say("set s1.example hosted\nset s2.example mode=enforce mx=mx.example\n"
             . "set s3.example try\ndelete s3.example\n");
becomes('s2.example', 'enforce');
spew($yaml, slurp($yaml) =~ s/hosted: \{mode: enforce/hosted: {mode: testing/r
     =~ s/^  try:/  tried:/mr);
kill 'HUP', $follow->pid;
becomes('s1.example', 'testing');
is(mode('s2.example'), 'enforce', '... and no others');
policies($yaml);
$follow->stop;


# SIGHUP with lines: the default policy, also if no row names one.

sub default_is {
    my ($mode) = @_;
    return within(sub {
        return (helper('policy', '-d', $table, 'other.example'))[1]
               =~ /^mode: $mode\r$/m;
    });
}

sub default_policy {
    my ($name) = @_;
    policies($yaml);
    spew($yaml, slurp($yaml) . "default: $name\n") if $name;
}

unlink glob "$table*";
default_policy('hosted');
$follow = MtaSts::Follow->new($dir, '-', @options)->start;
$follow->say("begin\nset s1.example mode=enforce mx=mx.example\nend\n");
ok(default_is('enforce'), 'a default policy');
default_policy('try');
kill 'HUP', $follow->pid;
ok(default_is('testing'), '... is another one after SIGHUP');
like($follow->log, qr/^mta-sts: the default policy steps down to testing$/m,
     '... which is said');
default_policy('');
kill 'HUP', $follow->pid;
ok(within(sub { $follow->log =~ /^mta-sts: the default policy is removed: /m }),
   '... also that it goes');
default_policy('try');
$follow->stop;


# Nothing can be written.  The log and the metrics are short enough.

sub may_write {
    my ($bytes) = @_;
    is((run('', 'prlimit', '--pid', $follow->pid, "--fsize=$bytes:unlimited"))[0],
       0, "files of $bytes bytes");
}

sub fails_to_write {
    ok(within(sub { $follow->log =~ /the table stays as it is; it is tried/ }),
       '... are too small');
}

# SIGHUP meanwhile: the snapshot is written with the default policy of then

unlink glob("$table*"), "$dir/follow.log";
$follow = MtaSts::Follow->new($dir, '-', @options, '--exec', 'true');
{
    local @ENV{qw(MALLOC_PERTURB_)} = (165);
    local $SIG{XFSZ} = 'IGNORE';
    $follow->start;
}
$follow->say("begin\nset s1.example mode=enforce mx=mx.example\nend\n");
ok(default_is('testing'), 'a snapshot');
may_write(8192);
$follow->say("begin\nset s1.example mode=none mx=mx.example\n"
             . "set s2.example off\nend\n");
fails_to_write();
default_policy('hosted');
kill 'HUP', $follow->pid;
ok(within(sub { $follow->log =~ /the policies were read again/ }), '... SIGHUP');
may_write('unlimited');
becomes('s2.example', 'none');
ok(default_is('enforce'), '... and the default policy is the new one');
$follow->stop;
policies($yaml);

# who left is back in the source meanwhile: nothing is made of what was read before

unlink glob("$table*"), "$dir/follow.log", $metrics;
sql('DELETE FROM mta_sts_domains', "INSERT INTO mta_sts_domains (domain, policy) "
    . "VALUES ('a.example', 'hosted'), ('b.example', 'try')");
$follow = MtaSts::Follow->new($dir, "sqlite:$db", @args, '--grace', '30s',
                              '--exec', 'true');
{
    local $SIG{XFSZ} = 'IGNORE';
    $follow->start;
}
becomes('a.example', 'enforce');
sql("DELETE FROM mta_sts_domains WHERE domain = 'a.example'");
ok(within(sub { metric('leaving_domains') == 1 }), 'a domain leaves');
may_write(8192);
sql("INSERT INTO mta_sts_domains (domain, policy) VALUES ('c.example', 'try')");
fails_to_write();
sql("INSERT INTO mta_sts_domains (domain, policy) VALUES ('a.example', 'hosted')");
is((run("UPDATE leaving SET since = since - 7200;\n", 'sqlite3', '-cmd',
        '.timeout 20000', "$table.follow"))[0], 0, 'its time is over');
ok(within(sub { metric('write_errors_total') > 2 }), '... some tries later');
may_write('unlimited');
becomes('c.example', 'testing');
ok(within(sub { $follow->log =~ /a\.example is back in/ }), '... it is back');
unlike($follow->log, qr/a\.example steps down/, '... and was never none');
$follow->stop;


# A memory that fails cannot say which bytes came before: their line is not taken.

sub memory {
    my ($sql) = @_;
    is((run("$sql;\n", 'sqlite3', '-cmd', '.timeout 20000', "$table.follow"))[0], 0,
       $sql);
}

unlink glob("$table*"), "$dir/follow.log";
$follow = MtaSts::Follow->new($dir, '-', @options)->start;
$follow->say("set m1.example try\n");
becomes('m1.example', 'testing');
memory('ALTER TABLE spent RENAME TO away');
$follow->say("set m2.example try\n");
ok(within(sub { $follow->log =~ /lines are ignored: .*no such table: / }),
   '... it is said');
memory('ALTER TABLE away RENAME TO spent');
$follow->say("set m3.example try\n");
becomes('m3.example', 'testing');
is(mode('m2.example'), 'absent', '... and no other line is lost');
$follow->stop;


# --allow-removals: once.

unlink glob("$table*"), "$dir/follow.log", $metrics;
helper(\join('', "begin\n", (map { "set k$_.example try\n" } 1 .. 100), "end\n"),
       'follow', @input, '--once');
$follow = MtaSts::Follow->new($dir, '-', @options, '--allow-removals')->start;
$follow->say(join '', map { "delete k$_.example\n" } 1 .. 50);
ok(within(sub { metric('leaving_domains') == 50 }), '--allow-removals: half of all');
$follow->say(join '', map { "delete k$_.example\n" } 51 .. 90);
ok(within(sub { $follow->log =~ /refused: stdin lacks 40 of 50 domains/ }),
   '... once');
$follow->stop;


# A table that is killed at any moment is a table, with all that was in it.

unlink glob "$table*";
helper(\join('', "begin\n", (map { "set k$_.example try\n" } 1 .. 300), "end\n"),
       'follow', @input, '--once');

my ($n, $bad) = (0, 0);
my @modes = qw(try hosted);

for my $round (1 .. ($slow ? 150 : 15)) {
    $follow = MtaSts::Follow->new($dir, '-', @options)->start;

    for my $burst (1 .. 1 + $round % 4) {
        $follow->say(join '', map { 'set k' . int(rand 400)
                                    . ".example $modes[rand 2]\n" } 1 .. 50);
        $n += 50;
    }

    select undef, undef, undef, rand 0.1;
    $follow->kill;

    my ($status, $out, $err) = helper('list', '-d', $table);
    my @lines = split /\n/, $out;
    $bad++ if $status || @lines < 300;
}

is($bad, 0, "killed next to $n changes: always a table");
is((helper(\"set last.example hosted\n", 'follow', @input, '--once'))[0], 0,
   '... which is followed on');
is(mode('last.example'), 'enforce', '... with new changes');
is(join(' ', glob "$table*new-*"), '', '... and what was left is removed');

my $sum = 0;
$sum += mode("k$_.example") =~ /^(?:testing|enforce)$/ for 1 .. 300;
is($sum, 300, '... no domain is lost');


# Damaged: said, and made anew; a wrong file is not touched.

my $bytes = slurp($table);
spew($table, substr $bytes, 0, length($bytes) - 100);
($status, undef, $err) = helper(\"begin\nset a.example try\nend\n", 'follow',
                                @input, '--once');
is($status, 0, 'a truncated table');
like($err, qr/"\Q$table\E" is truncated/, '... is said');
is(join(' ', keys %{ table_of($table) }), 'a.example', '... and made anew');

spew("$table.follow", 'x' x 5000);
($status, undef, $err) = helper('follow', @input, '--once');
is($status, 1, 'a damaged memory');
like($err, qr/"\Q$table\E\.follow": file is not a database/, '... is said');
unlink "$table.follow";

is((run('', 'sqlite3', "$table.follow", 'CREATE TABLE things (n)'))[0], 0, 'another file');
($status, undef, $err) = helper('follow', @input, '--once');
is($status, 1, "another program's file");
like($err, qr/"\Q$table\E\.follow": it is a database of something else/, '... is said');
unlink "$table.follow";


# Another process replaces the table, or removes it.

my $own = "$dir/own";
mkdir $own;
is((helper('follow', '--init', "sqlite:$own/db"))[0], 0, 'a database');

sub own { return (split ' ', table_of("$own/table")->{$_[0]} // 'absent')[0] }
sub insert {
    is((run("INSERT INTO mta_sts_domains (domain, policy) VALUES ('$_[0]', 'try')",
            'sqlite3', '-cmd', '.timeout 20000', "$own/db"))[0], 0, $_[0]);
}

insert('a.example');
$follow = MtaSts::Follow->new($own, "sqlite:$own/db", '-d', $yaml, '--every', '1s');
$follow->start;
ok(within(sub { own('a.example') eq 'testing' }), '... is followed');

spew("$dir/other.yaml", "domains: {other.example: {mode: none}}\n");
my @other = ('compile', '-d', "$dir/other.yaml", '-o');
is(join('|', helper(@other, "$own/table")), "1||mta-sts: \"$own/table\" is the "
   . "table of a running \"mta-sts follow\"\n", 'compile does not replace it');
is((helper(@other, "$dir/other.table"))[0], 0, '... but makes another one');
rename "$dir/other.table", "$own/table" or die;
ok(within(sub { own('a.example') eq 'testing' }), 'another table in its place');
is(own('other.example'), 'absent', '... leaves no trace');
like($follow->log, qr/table" was replaced or removed by another process/,
     '... and is said');

unlink "$own/table";
insert('c.example');
ok(within(sub { own('c.example') eq 'testing' }), 'a table that was removed');
is(own('a.example'), 'testing', '... is written again, all of it');
$follow->stop;


# A full disk: one message, the table stays, and is written once there is room.

SKIP: {
    skip 'no root, no tmpfs', 8 if $>;

    mkdir "$dir/small";
    my ($status) = run('', 'mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs',
                       "$dir/small");
    skip 'no tmpfs here', 8 if $status;

    my $small = "$dir/small/table";
    $follow = MtaSts::Follow->new("$dir/small", '-', @options);
    $follow->{dir} = $dir;
    unlink "$dir/follow.log";
    $follow->start;
    $follow->say("set a.example try\n");
    ok(within(sub { table_of($small)->{'a.example'} }), 'a small disk');

    # changes, and then a snapshot; each is what fails first

    for my $lines (join('', map { "set f$_.example hosted\n" } 1 .. 500),
                   "begin\n" . join('', map { "set f$_.example off\n" } 1 .. 900)
                   . "set a.example try\nend\n")
    {
        my $errors = metric('write_errors_total');
        my $before = table_of($small);
        my ($domain, $policy) = $lines =~ /end/
            ? ('f900.example', 'none') : ('f500.example', 'enforce');

        open my $fill, '>', "$dir/small/fill" or die;
        $fill->autoflush;
        for (1 .. 1000) { syswrite $fill, 'x' x 4096 or last }

        $follow->say($lines);
        ok(within(sub { metric('write_errors_total') > $errors + ($lines !~ /end/) }),
           '... is full');
        is_deeply(table_of($small), $before, '... the table stays');

        close $fill;
        unlink "$dir/small/fill";
        ok(within(sub { (table_of($small)->{$domain} // '') =~ /^$policy/ }),
           '... and all is written when there is room');
    }

    is(() = $follow->log =~ /the table stays as it is/g, 2, '... said once each');
    $follow->stop;
    run('', 'umount', "$dir/small");
}


# Nothing grows: the helper as it was before any database.

my (undef, $libraries) = run('', 'ldd', "$MtaSts::BUILD/mta-sts");
unlike($libraries, qr/libpq|libmariadb/, 'mta-sts loads no database library')
;

done_testing;
