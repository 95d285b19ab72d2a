#!/usr/bin/perl

# mta-sts follow loses no domain and steps none down when its files cannot be read,
# are damaged, or the source lacks domains: what was served is served on.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Follow qw(policies table_of within);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my ($yaml, $table, $metrics, $state) = map { "$dir/$_" } qw(p.yaml T metrics state);

policies($yaml);

my @args = ('follow', '-', '--once', '--table', $table, '-d', $yaml,
            '--metrics', $metrics);

sub once {
    my ($lines, @more) = @_;
    return helper(\$lines, @args, @more);
}

# the same, with a fault that strace injects into calls for a file

sub strace {
    my ($fault, $file, $lines, @more) = @_;
    return run($lines, 'strace', '-f', '-o', "$dir/strace", '-P', $file, '-e',
               "inject=$fault", "$MtaSts::FAKED/mta-sts", @args, @more);
}

sub snapshot { return join '', "begin\n", (map { "set $_\n" } @_), "end\n" }
sub mode { return (split ' ', table_of($table)->{$_[0]} // 'absent')[0] }
sub fresh { unlink glob "$table*" }

sub metric {
    my ($name) = @_;
    my ($value) = slurp($metrics) =~ /^mta_sts_follow_\Q$name\E (\S+)$/m;
    return $value // 'none';
}

sub memory {
    my ($sql) = @_;
    my ($status, $out) = run("$sql;\n", 'sqlite3', "$table.follow");
    is($status, 0, "memory: $sql") if $status;
    return $out;
}

# the flipped byte of a file

sub damage {
    my ($file) = @_;
    my $bytes = slurp($file);
    substr($bytes, -20, 1) ^= "\1";
    spew($file, $bytes);
}


# A table that cannot be read may be good.

fresh();
once(snapshot('a.example hosted', 'b.example try'));

my $was = table_of($table);

for my $lines (snapshot('a.example off'), snapshot(), "set c.example try\n") {
    my ($status, undef, $err) = strace('openat:error=ENFILE:when=3+', $table,
                                       $lines);
    is($status, 3, 'the table cannot be opened: exit status');
    like($err, qr/^mta-sts: open\(\) "\Q$table\E" failed \(23:/m, '... said');
    is_deeply(table_of($table), $was, '... and it stays');
}

once("set c.example hosted\n");
ok(-e "$table.changes", 'a table with changes');
$was = table_of($table);
is((strace('openat:error=EMFILE:when=1+', "$table.changes",
           "set d.example try\n"))[0], 3, '... that cannot be opened');
is_deeply(table_of($table), $was, '... stays');


# Of a table that is damaged, nobody knows what a source lacks: that must be allowed.

my ($status, $err);

for my $file ("$table.changes", $table) {
    fresh();
    once(snapshot('a.example hosted', 'b.example try'));
    once("set c.example hosted\n");
    damage($file);
    my $bytes = slurp($file);

    ($status, undef, $err) = once("set d.example hosted\n");
    is($status, 1, 'a change of a damaged table');
    like($err, qr/^mta-sts: "\Q$file\E" is damaged$/m, '... which is said');
    like($err, qr/^mta-sts: refused: "\Q$table\E" or its changes are damaged, so /m,
         '... is refused');

    for my $lines (snapshot('a.example hosted', 'b.example try', 'c.example hosted'),
                   snapshot()) {
        ($status, undef, $err) = once($lines);
        is($status, 1, '... and a snapshot');
        like($err, qr/^mta-sts: refused: "\Q$table\E" or its changes are damaged, so /m,
             '... is, too');
        like($err, qr/stdin lacks; restore both, or start once with --allow-removals /,
             '... with what to do');
    }

    is(metric('refusing'), 1, '... for Prometheus, too');
    ok(slurp($file) eq $bytes, '... and the file stays');
    is((once(snapshot('c.example hosted'), '--allow-removals'))[0], 0,
       '... unless that is allowed');
    is(mode('c.example'), 'enforce', '... which writes it');
    is((once("set d.example hosted\n"))[0], 0, '... and changes go on');
}

damage($table);
is((once(snapshot(), '--allow-removals'))[0], 0, 'an empty source may be allowed, too');
is_deeply(table_of($table), {}, '... and makes an empty table');


# All domains do not leave at once, however few they are.

fresh();
once(snapshot(map { "k$_.example try" } 1 .. 5));
($status, undef, $err) = once(join '', map { "delete k$_.example\n" } 1 .. 5);
is($status, 1, 'changes that remove all');
like($err, qr/refused: stdin lacks 5 of 5 domains, it is empty/, '... are refused');
is(metric('leaving_domains'), 0, '... none leaves');
is((once("delete k1.example\nset k6.example try\n"))[0], 0, 'one of them may go');
is((once("delete k2.example\n"))[0], 0, '... and another');


# Allowed removals do not count for later ones.

fresh();
once(snapshot(map { "k$_.example try" } 1 .. 100));
is((once(snapshot(map { "k$_.example try" } 1 .. 5), '--allow-removals'))[0], 0,
   '95 of 100 leave');
is((once(snapshot('k1.example off', 'k2.example try', 'k3.example try',
                  'k4.example try', 'new.example try')))[0], 0,
   '... and then one more');
is(mode('k1.example') . ' ' . mode('new.example'), 'none testing',
   '... with changes of others');
is((once(snapshot(), '--allow-removals'))[0], 0, 'all of them leave');
is((once(snapshot()))[0], 0, '... the next empty source is not refused');


# The enforce policy before "none" is remembered, also if the source made it "none".

my @grace = ('--grace', '1h', '--state', $state);

mkdir $state;
fresh();
once(snapshot('a.example mode=enforce mx=mx.example max_age=1d',
              'z.example try'), @grace);
my ($enforce) = table_of($table)->{'a.example'} =~ /^enforce (\S+)/;
once(snapshot('a.example off', 'z.example try'), @grace);
once(snapshot('z.example try'), @grace);
memory('UPDATE leaving SET since = since - 7200');
once(snapshot('z.example try'), @grace);
is(memory('SELECT was FROM leaving'), "$enforce\n", 'a step down is remembered');


# A domain is the same with spaces around it.

fresh();
spew("$dir/columns.sql", "CREATE TABLE t (domain, policy); INSERT INTO t VALUES "
     . "('a.example', 'hosted'), ('b.example', 'try')");
run(slurp("$dir/columns.sql"), 'sqlite3', "$dir/columns");
my @columns = ('follow', "sqlite:$dir/columns", '--once', '--table', $table, '-d',
               $yaml, '--metrics', $metrics, '--query', 'SELECT * FROM t');
helper(@columns);
run("UPDATE t SET domain = domain || '  '", 'sqlite3', "$dir/columns");
is((helper(@columns))[0], 0, 'rows with spaces at the end');
is(metric('leaving_domains'), 0, '... are the same domains');

# of two rows of a domain, neither changes what it has

run("UPDATE t SET domain = 'b.example.'; INSERT INTO t VALUES ('a.example', 'hosted'), "
    . "('b.example', 'hosted'), ('c.example', 'off'), ('C.example', 'try')", 'sqlite3',
    "$dir/columns");
is((helper(@columns))[0], 1, 'rows that contradict');
is(join(' ', map { mode("$_.example") } qw(a b c)), 'enforce testing none',
   '... leave a domain as it is');


# The clock: behind when a domain leaves, it is right later.

fresh();
my @day = ('--grace', '1d');
once(snapshot('a.example hosted', 'b.example try'), @day);
is((run(snapshot('b.example try'), 'faketime', '-f', '-2d', "$MtaSts::FAKED/mta-sts", @args,
        @day))[0], 0, 'a domain leaves');
is(metric('leaving_domains'), 1, '... two days ago');
is((once(snapshot('b.example try'), @day))[0], 0, '... and now');
is(mode('a.example'), 'enforce', 'a clock that was behind');


# A memory that cannot be read refuses nothing: the snapshot is tried again.

sub sqlite {
    my ($sql) = @_;
    is((run("$sql;\n", 'sqlite3', '-cmd', '.timeout 20000', "$table.follow"))[0], 0,
       $sql);
}

my $FIONREAD = 0x541b;
my $half = join '', map { "set k$_.example off\n" } 1 .. 50;

fresh();
once(snapshot(map { "k$_.example try" } 1 .. 100));
once("begin\n${half}end\n", '--allow-removals');
unlink $metrics;

my $follow = MtaSts::Follow->new($dir, '-', '-d', $yaml, '--metrics', $metrics);
$follow->{table} = $table;
$follow->start;
$follow->say("begin\n${half}set new.example try\n" . "#\n" x 50000);
ok(within(sub {
    ioctl $follow->{out}, $FIONREAD, my $n = pack 'i', 0;
    return unpack('i', $n) == 0;
}), 'most of a snapshot');
sqlite('ALTER TABLE leaving RENAME TO away');
$follow->say("end\n");
ok(within(sub { $follow->log =~ /no such table: / }), 'a memory that cannot be read');
sqlite('ALTER TABLE away RENAME TO leaving');
ok(within(sub { mode('new.example') eq 'testing' }), '... the snapshot is not lost');
unlike($follow->log, qr/refused/, '... nor refused');
$follow->stop;


# What is remembered is on the disk before the table.

fresh();
once(snapshot('a.example hosted', 'b.example try'));
run(snapshot('b.example off'), 'strace', '-y', '-o', "$dir/strace", '-e',
    'trace=pwrite64,fsync,fdatasync,rename', "$MtaSts::FAKED/mta-sts", @args);

my $log = qr/\d+<\Q$table\E\.follow-wal>/;
my ($calls) = slurp("$dir/strace") =~ /\A(.*?)^rename\([^\n]*"\Q$table\E/ms;
like($calls // '', qr/^pwrite64\($log.*^fdatasync\($log(?!.*$log)/ms,
     'what is written to the memory is synced before the table is replaced');


# What is refused, but cannot be remembered, is not over.

fresh();
once(snapshot(map { "k$_.example try" } 1 .. 20));
once("delete k1.example\n");
memory('UPDATE leaving SET since = since + 100000');
($status, undef, $err) = strace('fdatasync:error=EIO', "$table.follow-wal", snapshot());
is($status, 3, 'a memory that cannot be written: the table could not be, either');
like($err, qr/the table stays as it is/, '... which is said');

done_testing;
