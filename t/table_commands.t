#!/usr/bin/perl

# Each command reads a compiled table, by mta_sts_domains and by -d, as it reads
# the domains files that the table was made of: with real DNS and nginx, the same
# output, findings and exit status.

use strict;
use warnings;

use lib 't/lib';
use Cwd qw(getcwd);
use MtaSts;
use MtaSts::World;
use POSIX qw(mkfifo);
use Test::More;

enter_world();

my $world = MtaSts::World->new;
my $cert = $world->cert('web', [map { "mta-sts.$_.example" } qw(a b c d)]);
my $nginx = $world->nginx('');
my $dir = $nginx->dir;
my ($yaml, $table) = ("$dir/d.yaml", "$dir/d.table");

spew("$dir/e.yaml", "domains: {e.example: two}\n");
spew($yaml, <<'EOC');
max_age: 2w
tlsrpt_rua: mailto:tls@example
policies:
  one: {mode: enforce, mx: [mx.example, '*.mx.example']}
  two: {mode: testing, mx: mx.example}
domains:
  a.example: one
  b.example: {policy: one, mode: none}
  c.example: two
  D.example: two
EOC

$world->dns(join("\n", 'mx A 192.0.2.10', map { (
    "$_ MX 10 mx", "mta-sts.$_ A 192.0.2.1",
    "_mta-sts.$_ TXT \"v=STSv1; id=" . ($_ eq 'a' ? id($_) : 'old') . ';"',
    "_smtp._tls.$_ TXT \"v=TLSRPTv1; rua=mailto:tls\@example\"",
) } qw(a b c d)), [], []);

my @net = ('--resolver', $world->resolver, '--ca', $world->ca);

sub id {
    my ($domain) = @_;
    my ($status, $out) = helper('list', '-d', $yaml, "$domain.example");
    return $out =~ /enforce\s+(\w+)/ ? $1 : die "no id: $out";
}

sub compile {
    my ($files, @options) = @_;
    is(join('|', helper('compile', @options, '-d', @$files, '-o', $table)), '0||',
       "compile @options");
}

sub conf {
    my ($name, $domains) = @_;
    spew("$dir/$name", slurp("$dir/nginx.conf")
         =~ s/mta_sts_domains d\.table;/mta_sts_domains $domains;/r);
    return "$dir/$name";
}

$nginx->conf('server { listen 127.0.0.1:%%PORT0%%; } '
             . web('mta-sts.*', $cert, 'mta_sts_domains d.table;'));

my $from_files = conf('files.conf', 'd.yaml');
my $from_table = conf('table.conf', 'd.table');


# What the table and the files give, by both ways, is the same; but not how long a
# busy machine takes.

sub same {
    my ($what, @command) = @_;
    my @got;

    within(sub {
        @got = map { join "\n", helper(@command[0 .. 0], @$_,
                                       @command[1 .. $#command]) }
            ['-d', $yaml], ['-d', $table], ['-c', $from_files],
            ['-c', $from_table];
        return !grep { /policy-slow/ } @got;
    });

    # the file of a configuration is named where it is at fault

    s/\Q$dir\E\/(?:files|table)\.conf/CONF/g for @got;

    is($got[1], $got[0], "$what: -d");
    is($got[3], $got[2], '... mta_sts_domains');
    return $got[3];
}

compile([$yaml]);
$nginx->reload;

for my $command (['list'], ['list', '--hosts'], ['list', 'c.example'],
                 ['policy', 'd.example'], ['policy', 'nothing.example'],
                 ['records'], ['records', '-f', 'json', 'a.example'],
                 ['records', '--served', @net],
                 ['records', '--served', '--changed', @net],
                 ['list', '--hosts', '--pointing', '192.0.2.1', @net])
{
    same(join(' ', @$command[0 .. ($#$command > 1 ? 1 : $#$command)]), @$command);
}

like(same('check', 'check', '--no-smtp', @net),
     qr/\A1\n.*^c\.example .*txt-id-differs.*^a\.example /ms, '... it has looked');
like(same('check of one', 'check', '--no-smtp', @net, 'a.example'), qr/\A0\n/,
     '... that is right');
like(same('check -f json', 'check', '--no-smtp', '-f', 'json', @net),
     qr/"txt-id/, '... with findings');

for my $state ("$dir/state") {
    mkdir $state;
    is((helper('check', '--no-smtp', '-c', $from_table, '--state', $state,
               @net))[0], 1, 'check --state');
    like(same('plan', 'plan', '--state', $state), qr/^c\.example: due: /m,
         '... is known');
    same('plan -f json', 'plan', '--state', $state, '-f', 'json');
    like(same('records --removed', 'records', '--removed', '--state', $state),
         qr/\A0\n\n/, '... none is gone');

    # the table lacks a domain that the state knows

    spew($yaml, slurp($yaml) =~ s/^  D\.example: two\n//mr);
    compile([$yaml], '--changes');
    same('records --removed, with changes', 'records', '--removed', '--state',
         $state);
    unlike(same('plan without it', 'plan', '--state', $state),
           qr/^d\.example: due: announce/m, '... which is gone');
}

# the same from two files, whose domains have places in both

compile([$yaml, "$dir/e.yaml"]);
is((helper('list', '-d', $table))[1],
   (helper('list', '-d', "$dir/[de].yaml"))[1], 'two files: list');


# nginx -T prints no table: it is opened by its path.

sub dump_of {
    my ($name) = @_;
    return (run('', $MtaSts::NGINX, '-p', "$dir/", '-c', $name, '-T', '-e',
                'stderr'))[1];
}

my $dump = dump_of('table.conf');

is(join('|', helper(\$dump, 'records', '-c', '-')),
   join('|', helper('records', '-c', $from_table)), 'nginx -T: records -c -');

conf('mask.conf', '"d.tabl[e]"');
my $mask = dump_of('mask.conf');
is(join('|', helper(\$mask, 'records', '-c', '-')),
   join('|', helper('records', '-c', $from_table)), '... with a mask');

my $why = qr/, nginx -T does not print a table: run mta-sts where it is$/m;

rename $table, "$table.away";

for my $command ('list', 'records', 'plan', 'check') {
    my ($status, $out, $err) = helper(\$dump, $command, '-c', '-',
                                      $command eq 'check' ? @net : ());
    is("$status$out", '3', "a table that is not here: $command");
    like($err, qr/^mta-sts:\ \Q$from_table\E:\d+:\d+:\ open\(\)\ "\Q$table\E"
                  \ failed\ \(2:\ [^)]+\)$why/mx, '... says why');
}

my ($status, $out, $err) = helper(\$mask, 'list', '-c', '-');
is("$status$out", '3', '... a mask');
like($err, qr/: no file matches "\Q$dir\E\/d\.tabl\[e\]"$why/m, '... says why');

is((helper('list', '-c', $from_table))[0], 1, 'not even from -T: list');
is((helper('list', '-d', $table))[0], 1, '... -d');
rename "$table.away", $table;

SKIP: {
    skip 'root can read all', 2 if !-x '/usr/bin/setpriv';

    my $helper = "$MtaSts::BUILD/mta-sts";
    $helper = getcwd . "/$helper" if $helper !~ m{^/};
    chmod 0600, $table;
    ($status, $out, $err) = run($dump, 'setpriv', '--reuid=65534', '--clear-groups',
                                $helper, 'records', '-c', '-');
    is("$status$out", '3', 'a table that this user cannot read');
    like($err, qr/ failed \(13: [^)]+\)$why/m, '... says why');
    chmod 0644, $table;
}

# a file that nginx -T prints is not opened, be it what it may be here

my $files = dump_of('files.conf');
my $list = (helper('list', '-c', $from_files))[1];
rename $table, $yaml;
is((helper(\$files, 'list', '-c', '-'))[1], $list,
   'a file of nginx -T is not looked for');

# a table that is taken for a domains file

my $taken = qr/: this is a compiled table, which takes the place of all domains /;
like((helper(\slurp($yaml), 'list', '-d', '-'))[2], qr/^mta-sts: stdin$taken/,
     'a table on standard input');
like((helper('list', '-d', "$dir/[de].yaml"))[2], qr/^mta-sts: \Q$yaml\E$taken/,
     'a table among files');
like((helper('compile', '-d', $yaml, '-o', $table))[2], qr/$taken/,
     'a table that is compiled');

# what is no table is not replaced by one

my $other = "domains: {a.example: {mode: none}}\n";
spew("$dir/other.yaml", $other);
is(join('|', helper('compile', '-d', "$dir/other.yaml", '-o',
                    "$dir/other.yaml")),
   "1||mta-sts: \"$dir/other.yaml\" is not a table, and is not replaced\n",
   'the name of a domains file instead of that of a table');
is(slurp("$dir/other.yaml"), $other, '... which stays');

mkfifo("$dir/fifo", 0600) or die $!;
is(join('|', helper('compile', '-d', "$dir/other.yaml", '-o', "$dir/fifo")),
   "1||mta-sts: \"$dir/fifo\" is not a regular file, so it is not replaced\n",
   'nor is what is no file, such as /dev/null');
ok(-p "$dir/fifo", '... which stays');

conf('nginx.conf', '"[de].yaml"');
like(($nginx->test)[1], qr/compiled table, which takes the place .* in \Q$yaml\E/,
     'nginx -t says the same');

# the changes of a table are no table: which one is meant is said

spew($yaml, "domains: {a.example: {mode: testing, mx: mx.example}}\n");
compile([$yaml]);
spew($yaml, "domains: {a.example: {mode: enforce, mx: mx.example}}\n");
compile([$yaml], '--changes');

my $only = "\"$table.changes\" has only the changes of a table, name the table: "
    . "\"$table\"\n";
my $changes = slurp("$table.changes");

for my $command (['list', '-d', "$table.changes"], ['policy', '-d', "$table.changes"],
                 ['compile', '-d', $yaml, '-o', "$table.changes"],
                 ['compile', '--changes', '-d', $yaml, '-o', "$table.changes"],
                 ['follow', '-', '--once', '--table', "$table.changes"]) {
    my @more = $command->[0] eq 'policy' ? 'a.example' : ();
    is(join('|', helper(\'', @$command, @more)), "1||mta-sts: $only",
       "changes instead of a table: $command->[0]");
}

ok(slurp("$table.changes") eq $changes, '... which stay');
spew("$dir/nginx.conf", slurp($from_table) =~ s/d\.table;/d.table.changes;/r);
($status, $out) = $nginx->test;
is($status, 1, '... nginx -t');
like($out, qr/\[emerg\] .*"\Q$table\E\.changes" has only the changes of a table, /m,
     '... says the same');

rename "$table.changes", "$dir/renamed" or die $!;
like((helper('list', '-d', "$dir/renamed"))[2],
     qr/^mta-sts: "\Q$dir\E\/renamed" has only the changes of a table, name the table$/m,
     '... by another name, too');
rename "$dir/renamed", "$table.changes" or die $!;


# compile reads standard input, and pipes, as other commands do

compile([$yaml]);
my $same = (helper('list', '-d', $table))[1] =~ s/\Q$yaml\E:/stdin:/r;

for my $input ("- < $yaml", "<(cat $yaml)") {
    is(join('|', run('', 'bash', '-c', "$MtaSts::BUILD/mta-sts compile -o $table.in "
                                       . "-d $input")), '0||', "compile -d $input");
    is((helper('list', '-d', "$table.in"))[1], $same, '... the same table');
}

is(join('|', helper(\slurp($yaml), 'compile', '-d', "$dir/e2.yaml", '-o', "$table.in", '-')),
   "1||mta-sts: open() \"$dir/e2.yaml\" failed (2: No such file or directory)\n",
   '... next to a file that is not there');
spew("$dir/e2.yaml", "domains: {e.example: {mode: testing, mx: mx.example}}\n");
is((helper(\slurp($yaml), 'compile', '-d', "$dir/e2.yaml", '-o', "$table.in", '-'))[0], 0,
   '... and next to one that is');
is((helper('list', '--hosts', '-d', "$table.in"))[1],
   "mta-sts.a.example\nmta-sts.e.example\n", '... both are in the table');
($status, undef, $err) = helper(\'', 'compile', '-d', '-', '-o', "$table.in");
is("$status $err", "1 mta-sts: standard input is empty\n", '... an empty one');

$nginx->stop;
done_testing();
