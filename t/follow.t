#!/usr/bin/perl

# mta-sts follow: rows become policies, bad ones are named and harm no other; what
# leaves goes in the order that refuses no mail.  The source is standard input.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Follow qw(policies table_of);
use POSIX qw(mkfifo);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my ($yaml, $table, $metrics) = map { "$dir/$_" } qw(p.yaml table metrics);

policies($yaml);

sub once {
    my ($lines, @args) = @_;
    return helper(\$lines, 'follow', '-', '--table', $table, '--once', @args);
}

sub snapshot { return join '', "begin\n", (map { "set $_\n" } @_), "end\n" }

sub metric {
    my ($name) = @_;
    my ($value) = slurp($metrics) =~ /^mta_sts_follow_\Q$name\E (\S+)$/m;
    return $value // 'none';
}

sub fresh { unlink glob "$table*" }


# Rows.

my ($status, $out, $err) = once(snapshot('a.example hosted', 'B.Example. try',
    'c.example mode=enforce mx=mx.c.example,*.c.example max_age=1w',
    'd.example policy=hosted mode=testing', "b\xc3\xbccher.example off",
    'a.example hosted') =~ s/^end/\n# nothing\nend/mr, '-d', $yaml, '--metrics',
    $metrics);

is("$status$out$err", '0', 'a snapshot');

my $list = table_of($table);
is(join(' ', sort keys %$list),
   'a.example b.example c.example d.example xn--bcher-kva.example',
   '... domains are normalised');
like($list->{'a.example'}, qr/^enforce \S+ hosted$/, '... a named policy');
like($list->{'d.example'}, qr/^testing \S+$/, '... a named one with a setting');

my (undef, $body) = helper('policy', '-d', $table, 'c.example');
is($body, "version: STSv1\r\nmode: enforce\r\nmx: mx.c.example\r\n"
   . "mx: *.c.example\r\nmax_age: 604800\r\n", '... and settings');
like((helper('records', '-d', $table, 'c.example'))[1],
     qr/mailto:tls\@hoster\.example/, '... with the defaults of the file');

is(metric('domains'), 5, 'metrics: domains');
is(metric('bad_rows'), 0, '... bad rows');
is((run(slurp($metrics), 'promtool', 'check', 'metrics'))[0], 0,
   '... promtool finds nothing');

my @stat = stat $table;
once(snapshot('a.example hosted', 'b.example try',
    'c.example mx=mx.c.example,*.c.example max_age=1w mode=enforce',
    'd.example mode=testing policy=hosted', 'xn--bcher-kva.example off'),
    '-d', $yaml);
is((stat $table)[1], $stat[1], 'the same snapshot writes nothing');
ok(!-e "$table.changes", '... and no changes');

like((once('', '-d', $yaml, '--metrics', $dir . '/long' x 1000))[2],
     qr/^mta-sts: cannot write the metrics ".*" \(36:/m, '... a path that is too long');


# Bad rows: named, counted, skipped; a domain keeps its last good policy.

($status, $out, $err) = once(snapshot('a.example mode=enforced mx=mx.a.example',
    'b.example nothing', 'c.example mode=enforce', 'bad_.example hosted',
    'd.example hosted max_age=9y', 'b.example off', 'e.example x=1',
    'xn--bcher-kva.example off', 'f.example hosted mx=mx,',
    'a.example mode=enforce mx=mx.a.example'), '-d', $yaml, '--metrics',
    $metrics);

is($status, 1, 'bad rows: exit status');
is(metric('bad_rows'), 8, '... counted');

for my $line (
    qr/^mta-sts: row 2, a\.example: invalid mode "enforced", must be /m,
    qr/^mta-sts: row 3, b\.example: unknown policy "nothing"$/m,
    qr/^mta-sts: row 4, c\.example: mode "enforce" needs at least one mx/m,
    qr/^mta-sts: row 5: invalid domain "bad_\.example", "_" is not allowed/m,
    qr/^mta-sts: row 6, d\.example: invalid max_age "9y"/m,
    qr/^mta-sts: row 7, b\.example: the domain has another policy in an earlier/m,
    qr/^mta-sts: row 8, e\.example: "x=1" must be the name of a policy, or /m,
    qr/^mta-sts: row 11, a\.example: the domain has another policy/m,
) {
    my $ok = $err =~ $line;
    ok($ok, "... named: $line") or diag $err;
}

my $kept = table_of($table);
is($kept->{$_}, $list->{$_}, "... $_ keeps its policy")
    for qw(a.example b.example c.example d.example);
ok(exists $kept->{'f.example'} && !exists $kept->{'e.example'},
   '... a new one has none');

$err = (once(snapshot(map { "x$_.example no" } 1 .. 100), '-d', $yaml))[2];
is(() = $err =~ /unknown policy/g, 20, 'a flood of bad rows is cut');
like($err, qr/^mta-sts: 80 more bad rows$/m, '... and counted');


# Lines that are none, and input that ends too early.

fresh();

for my $case (
    ["nonsense a.example\n", 1, '"nonsense" must be "set", "delete", "begin"'],
    ["set\n", 1, 'a domain must follow "set"'],
    ["delete a.example b\n", 1, 'nothing may follow the domain of "delete"'],
    ["set a.example mode=none mode=none\n", 1, 'duplicate "mode"'],
    ["begin\ndelete a.example\nend\n", 1, '"delete" is not for a snapshot'],
    ["end\n", 1, '"end" must be "set"'],
    ["begin\nset a.example try\n", 1, 'ends within a snapshot, which is ignored'],
    ['set a.example try', 1, 'ends within a line, which is ignored'],
    ['set a.example ' . 'x' x 70000 . "\n", 1, 'more than 65536 bytes'],
    ["set a.example a\0b\n", 1, 'a line must not have a NUL'],
) {
    my ($lines, $want, $text) = @$case;
    my ($status, undef, $err) = once($lines, '-d', $yaml);
    my $show = substr $lines, 0, 30;
    $show =~ s/\W/./g;
    is($status, $want, "$show: status");
    like($err, qr/\Q$text\E/, '... why');
    is(join(' ', keys %{ table_of($table) }), '', '... no domain');
}

once("set a.example " . 'x' x 70000 . "\nset b.example try\nset c.example t",
     '-d', $yaml);
is(join(' ', keys %{ table_of($table) }), 'b.example',
   'complete lines next to bad ones count');

once("set c.example try\nbegin\nset d.example try\n", '-d', $yaml);
is(join(' ', sort keys %{ table_of($table) }), 'b.example c.example',
   '... also before a snapshot that does not end');

once("begin\nset x.example off\nbegin\nset b.example off\nset c.example try\n"
     . "set d.example hosted\nend\nset d.example try\nset e.example try\n"
     . "set e.example off\n", '-d', $yaml);
is(join(' ', map { (split ' ', $_)[0] } @{ table_of($table) }{qw(b.example
    c.example d.example e.example)}), 'none testing testing none',
   'a snapshot, and changes after it');


# Changes are kept apart, up to 4096; then all of the table is written again.

sub sets {
    my ($first, $last, $policy) = @_;
    return map { "set m$_.example $policy\n" } $first .. $last;
}

fresh();
once(snapshot('a.example hosted', 'b.example try'), '-d', $yaml);
@stat = stat $table;

once(join('', sets(1, 4000, 'hosted')), '-d', $yaml);
is((stat $table)[1], $stat[1], '4000 changes leave the table as it is');
ok(-s "$table.changes", '... they are in a file of their own');

once(join('', sets(1, 1, 'off'), sets(4001, 4200, 'try')), '-d', $yaml);
isnt((stat $table)[1], $stat[1], '200 more are merged with it');
ok(!-e "$table.changes", '... and leave no changes');

$list = table_of($table);
is(scalar keys %$list, 4202, '... all domains are there');
is(scalar(grep { /^testing \S+ try$/ } values %$list), 201,
   '... with the later changes');
is(scalar(grep { /^enforce \S+ hosted$/ } values %$list), 4000,
   '... the earlier ones, and what has not changed');
like($list->{'m1.example'}, qr/^none \S+ off$/, '... the last one counts');


# What is refused before anything is read.

mkfifo("$dir/fifo", 0600) or die $!;

for my $case (
    [['follow', '-'], 2, 'needs one SOURCE and --table'],
    [['follow', 'ftp://x', '--table', $table], 2, 'unknown source "ftp://x"'],
    [['follow', 'postgresql://u:geheim@h/d', '--table', $table], 2,
     'a password must not be in the URL'],
    [['follow', 'mysql://h/d?password=geheim', '--table', $table], 2,
     'a password must not be in the URL'],
    [['follow', '-', '--query', 'x', '--table', $table], 2,
     '"--query" is not for the source "lines", only for databases'],
    [['follow', '-', '--listen', 'x', '--table', $table], 2,
     '"--listen" is not for the source "lines", only for PostgreSQL'],
    [['follow', '-', '--grace', '1x', '--table', $table], 2,
     'invalid grace "1x", must be between 1 and 31536000 seconds'],
    [['follow', '-', '--once', '--table', $yaml], 1,
     'is not a table, and is not replaced'],
    [['follow', '-', '--once', '--table', "$dir/fifo"], 1,
     'is not a regular file, so it is not replaced'],
    [['follow', '-', '--once', '--table', $table, '--metrics', "$dir/fifo"], 2,
     'is not a regular file, so it is not replaced'],
    [['follow', '-', '--once', '--table', $table, '--metrics', $yaml], 2,
     'has no metrics, so "--metrics" does not replace it'],
    [['follow', '-', '--once', '--table', "$dir/no/table"], 1,
     'open() "' . $dir . '/no/table.lock" failed'],
    [['follow', '-', '--once', '--table', $table, '-d', "$dir/no"], 1,
     'open() "' . $dir . '/no" failed'],
) {
    my ($args, $want, $text) = @$case;
    my ($status, undef, $err) = helper(@$args);
    is($status, $want, "@$args: status");
    like($err, qr/\Q$text\E/, '... why');
    unlike($err, qr/geheim/, '... without a password') if "@$args" =~ /geheim/;
}

like((once('', '-d', $yaml, '--state', "$dir/no"))[2],
     qr/^mta-sts: warning: the directory "\Q$dir\E\/no" of "--state" does not exist/,
     'a misspelled state is said at once');

spew("$dir/d.yaml", "domains: {a.example: {mx: mx.example.com}}\n");
like((once('', '-d', "$dir/d.yaml"))[2], qr/the file has domains, but they come/,
     'a file with domains');


# A source that suddenly lacks many domains.

my @many = map { "m$_.example try" } 1 .. 100;

fresh();
once(snapshot(@many), '-d', $yaml);

($status, $out, $err) = once(snapshot(@many[11 .. 99]), '-d', $yaml,
                             '--metrics', $metrics);
is($status, 1, 'more than a tenth is gone');
like($err, qr/refused: stdin lacks 11 of 100 domains; if that is right, start /,
     '... refused');
is(metric('refusing'), 1, '... in the metrics');
is(metric('leaving_domains'), 0, '... and none leaves');

is((once(snapshot(), '-d', $yaml))[0], 1, 'an empty source is refused');

($status, $out, $err) = once(snapshot(@many[10 .. 99]), '-d', $yaml,
                             '--metrics', $metrics);
is($status, 0, 'a tenth may go');
is(metric('leaving_domains'), 10, '... and leaves');
is(metric('domains'), 100, '... but is served for now');

is((once(snapshot(@many[11 .. 99]), '-d', $yaml))[0], 1,
   'one more within a day is too many');
is((once("delete m12.example\nset new.example try\n", '-d', $yaml, '--metrics',
         $metrics))[0], 1, '... also as a change');
is(metric('leaving_domains'), 10, '... which is refused');
is(metric('domains'), 101, '... but not the others');

is((once(snapshot(@many[60 .. 99]), '-d', $yaml, '--allow-removals',
         '--metrics', $metrics))[0], 0, '--allow-removals');
is(metric('leaving_domains'), 61, '... they leave');

fresh();
once(snapshot(@many[0 .. 9]), '-d', $yaml);
is((once(snapshot($many[0]), '-d', $yaml))[0], 0, 'of few, most may go');


# What is back does not count, and nothing becomes none while a source is refused.

sub mode { return (split ' ', table_of($table)->{$_[0]} // 'absent')[0] }

sub leaving {
    my ($sql) = @_;
    my ($status, $out) = run("$sql;\n", 'sqlite3', "$table.follow");
    is($status, 0, "memory: $sql") if $status;
    return $out;
}

my @hour = ('-d', $yaml, '--grace', '1h', '--metrics', $metrics);

fresh();
once(snapshot(@many), @hour);
once(snapshot(@many[8 .. 99]), @hour);
is((once(snapshot(@many[0 .. 7, 16 .. 99]), @hour))[0], 0,
   'other domains leave than before');
is(metric('leaving_domains'), 8, '... those that are back do not count');

leaving('UPDATE leaving SET since = since - 7200');
is((once(snapshot(@many[0 .. 29]), @hour))[0], 1, 'a source that is refused');
is(mode('m8.example'), 'testing', '... makes nothing none that is back in it');

leaving('UPDATE leaving SET since = since + 2000000000');
once(snapshot(@many[0 .. 7, 16 .. 99]), @hour);
is(leaving("SELECT count(*) FROM leaving WHERE since <= strftime('%s') + 0"),
   "8\n", 'a time that is not over: the clock was wrong');


# A bad row removes nothing.

fresh();
once(snapshot('a.example hosted', 'b.example try'), @hour);
once("delete a.example\n", @hour);
is(metric('leaving_domains'), 1, 'a domain leaves');
once(snapshot('a.example golt', 'b.example try'), @hour);
is(metric('leaving_domains'), 0, '... and is back with a bad row');
once("delete a.example\nset a.example golt\n", @hour);
is(metric('leaving_domains'), 0, '... which counts more than a removal before it');
once("delete a.example\n", @hour);
once("set a.example golt\n", @hour);
is(metric('leaving_domains'), 0, '... also as a change');
is(mode('a.example'), 'enforce', '... its policy stays');
once("set a.example off\nset a.example golt\n", @hour);
is(mode('a.example'), 'none', '... or is that of a good row before it');
once("set a.example golt\ndelete a.example\n", @hour);
is(metric('leaving_domains'), 1, '... but a removal after it counts');


# Changes do not replace a damaged table.

fresh();
once(snapshot(@many), @hour);
my $whole = slurp($table);
spew($table, my $part = substr $whole, 0, length($whole) - 100);
($status, $out, $err) = once("set new.example try\n", @hour);
is($status, 1, 'a change of a damaged table');
like($err, qr/changes are ignored: ".*" is damaged, and needs a snapshot/,
     '... is refused');
ok(slurp($table) eq $part, '... which stays');
is((once(snapshot(@many), @hour))[0], 0, '... until there is a snapshot');
is(mode('m99.example'), 'testing', '... with all');


# Leaving: as it is, then none, then gone; and back again.

my $state = "$dir/state";
mkdir $state;
fresh();

my @grace = ('-d', $yaml, '--grace', '1s', '--metrics', $metrics, '--state',
             $state);

sub after_grace { select undef, undef, undef, 2.1 }

once(snapshot('a.example hosted', 'b.example try', 'c.example off',
              'z.example hosted'), @grace);
my $before = table_of($table);

($status, $out, $err) = once(snapshot('z.example hosted'), @grace);
like($err, qr/^mta-sts: a\.example has left stdin; it stays as it is for 1 sec/m,
     'it leaves: said');
is(table_of($table)->{'a.example'}, $before->{'a.example'}, '... stays as it is');

after_grace();
($status, $out, $err) = once(snapshot('z.example hosted'), @grace);
like($err, qr/^mta-sts: a\.example steps down from enforce to none \(stdin\)$/m,
     'it is none: said');
is(metric('steps_down_total'), 2, '... counted');

my $none = table_of($table);
like($none->{'a.example'}, qr/^none /, '... none');
is($none->{'c.example'}, (split / off/, $before->{'c.example'})[0] . ' off',
   '... one that was none stays as it was');
is((helper('policy', '-d', $table, 'a.example'))[1], "version: STSv1\r\nmode: "
   . "none\r\nmx: mx1.hoster.example\r\nmx: mx2.hoster.example\r\nmax_age: "
   . "1209600\r\n", '... with its mx lines');
like((helper('records', '-d', $table, 'a.example'))[1], qr/mailto:tls/,
     '... and its report address');

once(snapshot('z.example hosted'), @grace);
is_deeply(table_of($table), $none, 'what senders believe is not known: it stays');

($status, $out, $err) = once(snapshot('z.example hosted', 'a.example hosted'),
                             @grace);
like($err, qr/^mta-sts: a\.example is back in stdin$/m, 'it comes back');
like((helper('policy', '-d', $table, 'a.example'))[1],
     qr/mode: enforce.*max_age: 1209599\r\n/s,
     '... with other bytes than before (rule 6)');

my $back = table_of($table);
once(snapshot('z.example hosted', 'a.example hosted'), @grace);
is_deeply(table_of($table), $back, '... and stays so');

once("set a.example hosted\n", @grace);
is_deeply(table_of($table), $back, '... also by a change');

# twice: other bytes again, of both

once("delete a.example\n", @grace);
after_grace();
once("set y.example try\n", @grace);
like((helper('policy', '-d', $table, 'a.example'))[1],
     qr/mode: none.*max_age: 1209599\r\n/s, 'it leaves again');
once("set a.example hosted\n", @grace);
like((helper('policy', '-d', $table, 'a.example'))[1],
     qr/mode: enforce.*max_age: 1209598\r\n/s, '... and is back again');

# "plan forget" is the operator's word that nobody believes it any more

is((helper('plan', 'note', 'b.example', '--max-age', '1d', '--state', $state))[0], 0,
   'plan note');
($status, $out, $err) = helper('plan', '--state', $state, 'forget',
                               'b.example');
is($status, 0, 'plan forget') or diag $err;
once("set y.example try\n", @grace);
ok(!exists table_of($table)->{'b.example'}, '... then it leaves the table');
is(metric('leaving_domains'), 1, '... and the memory of those that leave');

done_testing;
