#!/usr/bin/perl

# mta-sts policy --tree: each domain's policy as a file, for other web servers.
# What is unchanged is not touched, what is not ours is never written to or
# removed, and whatever stops it leaves each file old or new.  other_servers.t
# has Apache and Caddy.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use POSIX qw(mkfifo);
use Test::More;

my $dir = tempdir('mta-sts-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $tree = "$dir/tree";
my $yaml = "$dir/d.yaml";

mkdir $tree;


# The file of a domain, and all files below a folder with their contents, but for
# the list of what was written.

sub file {
    return "$tree/mta-sts.$_[0]/.well-known/mta-sts.txt";
}


sub files {
    my ($in) = @_;
    my (undef, $out) = run('', 'find', $in // $tree, '!', '-type', 'd', '!',
                        '-name', '.mta-sts.written', '-print0');
    return { map { $_ => -l || -p ? '' : slurp($_) } split /\0/, $out };
}


sub domains {
    my (%domains) = @_;
    spew($yaml, "domains:\n" . join '', map { "  $_: $domains{$_}\n" }
                                        sort keys %domains);
}


sub tree {
    return helper('policy', '--tree', $tree, '-d', $yaml, @_);
}


sub removed {
    return join ' ', sort $_[0] =~ m{/mta-sts\.(\S+)/\.well-known/mta-sts.txt"
                                     \ is\ removed}gx;
}


my $a = '{mode: enforce, mx: [mx.a.example, "*.mx.example"]}';

# a file per domain, with the bytes that are served

domains('a.example' => $a, 'Bücher.example' => '{mode: none, mx: mx.b.example}',
        'c.example' => '{mx: mx.c.example, max_age: 2w}');

umask 022;
my ($status, $out, $err) = tree();
is("$status$out$err", '0', 'written, in silence');

is_deeply(files(), { map { file($_) => (helper('policy', '-d', $yaml, $_))[1] }
                     qw(a.example xn--bcher-kva.example c.example) },
          'the bytes of mta-sts policy, and nothing else');
is((stat file('a.example'))[2] & 0777, 0644, 'the mode is that of the umask');

# unchanged, changed

chmod 0640, file('a.example');
my @before = map { [(stat file($_))[0 .. 7, 9, 10]] } qw(a.example c.example);

domains('a.example' => '{mx: mx2.a.example}', 'c.example' =>
        '{mx: mx.c.example, max_age: 2w}', 'd.example' => $a);
is((tree())[0], 0, 'again, with a change');

my @after = map { [(stat file($_))[0 .. 7, 9, 10]] } qw(a.example c.example);
is_deeply($after[1], $before[1], 'an equal file is not touched');
isnt($after[0][1], $before[0][1], 'a changed one is another file');
is($after[0][2] & 0777, 0640, '... with the mode of the old one');
is(slurp(file('a.example')), (helper('policy', '-d', $yaml, 'a.example'))[1],
   '... and the new bytes');

# one that left is named, and removed with its folders

($status, undef, $err) = tree();
is($status, 0, 'a domain that left: status 0');
like($err, qr{/mta-sts\.xn--bcher-kva\.example/\S+"\ is\ of\ a\ domain
              \ without\ a\ policy,\ --prune\ removes\ it$}x,
     '... and it is named');
ok(-e file('xn--bcher-kva.example'), '... and stays');

($status, undef, $err) = tree('a.example');
is("$status$err", '0', 'with names, others do not matter');

($status, undef, $err) = tree('--prune');
is("$status " . removed($err), '0 xn--bcher-kva.example', '--prune');
ok(!-e "$tree/mta-sts.xn--bcher-kva.example", '... removes the folders, too');

# a folder that has more keeps it

domains('a.example' => $a, 'c.example' => $a);
tree();
spew("$tree/mta-sts.c.example/.well-known/security.txt", 'x');
domains('a.example' => $a);
is(removed((tree('--prune'))[2]), 'c.example d.example', 'two more have left');
is_deeply(files(), { file('a.example') => slurp(file('a.example')),
    "$tree/mta-sts.c.example/.well-known/security.txt" => 'x' },
    '... and what is next to their files stays');

# the domains of a default policy are not known, but may be named

spew($yaml, "policies: {p: $a}\ndomains: {a.example: p}\ndefault: p\n");
($status, undef, $err) = tree();
is($status, 0, 'a default policy');
like($err, qr/d\.yaml:3:\d+: the domains that have the default are not known/,
     '... is no file');
spew("$dir/names", "x.example\ny.example # two\n");
is(join('', tree('--domains-from', "$dir/names")), '0', '... but with names');
is(slurp(file('y.example')), slurp(file('a.example')), '... is one');
is(removed((tree('--prune'))[2]), '', '... that --prune keeps');
domains('a.example' => $a);
is(removed((tree('--prune'))[2]), 'x.example y.example',
   '... until there is no default');


# What is not ours: never removed

my %foreign = (
    'lf.example' => "version: STSv1\nmode: none\nmax_age: 86400\n",
    'order.example' => "version: STSv1\r\nmax_age: 86400\r\nmode: none\r\n",
    'age.example' => "version: STSv1\r\nmode: none\r\nmax_age: 1w\r\n",
    'dot.example' => "version: STSv1\r\nmode: enforce\r\nmx: mx.example.\r\n"
                   . "max_age: 86400\r\n",
    'more.example' => "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n\r\n",
    'rua.example' => "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"
                   . "tlsrpt_rua: mailto:a\@b.example\r\n",
    'version.example' => "version: STSv2\r\nmode: none\r\nmax_age: 86400\r\n",
    'half.example' => "version: STSv1\r\nmode: none\r\nmax_age: 864",
    'empty.example' => '',
    'nul.example' => "\0" x 100,
    'large.example' => "version: STSv1\r\nmode: none\r\n" . 'x' x 100_000,
);

my $ours = "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n";

# Puts a file or, with a reference, what makes something else at its path.

sub put {
    my ($host, $what) = @_;
    run('', 'mkdir', '-p', "$tree/$host/.well-known");
    my $path = "$tree/$host/.well-known/mta-sts.txt";
    return ref $what ? $what->($path) : spew($path, $what);
}


my $outside = "$dir/outside";
run('', 'mkdir', '-p', "$outside/.well-known");
spew("$outside/.well-known/mta-sts.txt", $ours);

put("mta-sts.$_", $foreign{$_}) for keys %foreign;
put($_, $ours) for 'mta-sts.UPPER.example', 'mta-sts.a b.example', 'mta-sts.',
                   'mta-sts.-.example', "mta-sts.new\nline.example",
                   'mta-sts', 'www.example', '.mta-sts.dot.example';
put('mta-sts.file.example', sub { symlink "$outside/.well-known/mta-sts.txt",
                                  $_[0] });
put('mta-sts.fifo.example', sub { mkfifo($_[0], 0600) });
put('mta-sts.dir.example', sub { mkdir $_[0] });
symlink $outside, "$tree/mta-sts.link.example";
mkdir "$tree/mta-sts.inner.example";
symlink "$outside/.well-known", "$tree/mta-sts.inner.example/.well-known";

my $all = files($dir);

($status, undef, $err) = tree('--prune');
is($status, 0, 'folders full of what is not ours');
is_deeply(files($dir), $all, '... of which nothing is removed');
unlike($err, qr{/tree/}, '... or named');

# ... and never written to: a domain that is configured there is left alone

my @traps = qw(file fifo dir link inner);
domains('a.example' => '{mx: mx3.a.example}',
        map { ("$_.example" => $a) } @traps, 'lf');

($status, undef, $err) = tree();
is($status, 1, 'domains whose file is something else: status 1');
is(join(' ', sort $err =~ m{/mta-sts\.(\w+)\.example\S*"\ must\ be\ a
                            \ (?:regular\ file|directory),\ symbolic}gx),
   join(' ', sort @traps), '... and each is named');
is_deeply(files($dir), { %$all,
    $yaml => slurp($yaml), file('a.example') => slurp(file('a.example')),
    file('lf.example') => (helper('policy', '-d', $yaml, 'lf.example'))[1] },
    '... nothing is written through a link, and the others are');
like(slurp(file('a.example')), qr/mx3\.a/, '... even before it');

# a trap where the new file is written first

spew("$dir/victim", "victim\n");
my $aside = file('a.example') =~ s/mta-sts\.txt$/.mta-sts.txt.new/r;
my $i = 4;

for my $make (sub { symlink "$dir/victim", $aside },
              sub { link "$dir/victim", $aside },
              sub { mkfifo($aside, 0600) })
{
    unlink $aside;
    $make->();
    domains('a.example' => '{mx: mx' . ++$i . '.a.example}');
    is((tree())[0], 0, "what is in the way, $i");
    is(slurp("$dir/victim"), "victim\n", '... is not written to');
    like(slurp(file('a.example')), qr/mx$i\.a/, '... and the file is');
    ok(!-e $aside && !-l $aside, '... and nothing is left');
}


# Nothing is removed if the configuration is wrong or has no domain

run('', 'rm', '-rf', $tree);
mkdir $tree;
domains('a.example' => $a, 'b.example' => $a);
tree();
$all = files();

for my $case (['no file', undef], ['empty', ''], ['no domain', "domains: {}\n"],
              ['wrong', "domains: {a.example: {mode: enforce}}\n"],
              ['half', "domains:\n  a.example: {mx: a.ex"],
              ['only defaults', "policies: {p: $a}\ndefault: p\n"])
{
    my ($name, $text) = @$case;
    unlink $yaml;
    spew($yaml, $text) if defined $text;
    ($status, undef, $err) = tree('--prune');
    is($status, 1, "$name: status 1");
    isnt($err, '', '... a reason');
    is_deeply(files(), $all, '... and all files');
}

for my $case ([2, qr/needs all domains/, '--tree', $tree, '--prune',
               'a.example'],
              [2, qr/needs "--tree"/, '--prune', 'a.example'],
              [2, qr/needs "--tree"/, '--domains-from', "$dir/names"],
              [2, qr/takes one domain, or "--tree"/],
              [1, qr/open\(\) "\S+" failed/, '--tree', "$dir/none"],
              [1, qr/open\(\) "\S+" failed/, '--tree', $yaml],
              [1, qr/no policy for domain/, '--tree', $tree, 'x.example'])
{
    my ($want, $text, @args) = @$case;
    domains('a.example' => $a, 'b.example' => $a);
    ($status, undef, $err) = helper('policy', @args, '-d', $yaml);
    is($status, $want, "@args: status");
    like($err, $text, '... text');
    is_deeply(files(), $all, '... and all files');
}


# A domain whose policy nginx does not serve everywhere is refused, and its file
# stays as it is

spew("$dir/nginx.conf", <<'EOC');
events { }
http {
    server { listen 127.0.0.1:443 ssl; server_name mta-sts.a.example;
             mta_sts_mx mx9.a.example; }
    server { listen 127.0.0.1:443 ssl; listen 127.0.0.2:443 ssl;
             server_name mta-sts.b.example; mta_sts_mx mx9.b.example; }
    server { listen 127.0.0.2:443 ssl; server_name mta-sts.b.example;
             mta_sts_mx mx8.b.example; }
}
EOC

($status, undef, $err) = helper('policy', '--tree', $tree, '--prune', '-c',
                                "$dir/nginx.conf");
my (undef, undef, $records) = helper('records', '-c', "$dir/nginx.conf");
is($status, 1, 'a domain that is refused: status 1');
is(join('', grep { /mta-sts.*: / && !/warning/ } split /^/, $err),
   join('', grep { /mta-sts.*: / && !/warning/ } split /^/, $records),
   '... with the reason that records gives');
is(slurp(file('b.example')), $all->{file('b.example')}, '... its file stays');
like(slurp(file('a.example')), qr/mx9\.a/, '... the other one is written');


# Two runs at once: one of them is the last, and has written all

run('', 'rm', '-rf', $tree);
mkdir $tree;

my @runs = map {
    my $run = $_;
    my $name = "$dir/run$run.yaml";
    spew($name, "domains:\n" . join '', map {
        "  d$_.example: {mx: mx$run.example}\n" } 1 .. 40, "9$run");
    $name;
} 1 .. 4;

for my $round (1 .. 3) {
    my @pids = map {
        my $name = $_;
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            open STDERR, '>', '/dev/null';
            open STDIN, '<', $name or POSIX::_exit(8);
            exec("$MtaSts::BUILD/mta-sts", 'policy', '--prune', '--tree',
                 $tree, '-d', '-') or POSIX::_exit(9);
        }
        $pid;
    } @runs;

    is(join(' ', map { waitpid $_, 0; $? } @pids), '0 0 0 0', 'four at once');
    my $files = files();
    my %bodies = map { $_ => 1 } values %$files;
    is(scalar keys %bodies, 1, '... the last one has written all');
    is(scalar keys %$files, 41, '... with nothing left of the others');
}


# Stopped at some moment: each file is old or new, and the next run finishes

sub many {
    my ($mx) = @_;
    domains(map { ("d$_.example" => "{mx: $mx}") } 1 .. 400);
}

many('old.example');
tree('--prune');

for my $signal ((qw(TERM KILL)) x 2) {
    my $mx = lc($signal) . ++$i . '.example';
    many($mx);

    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        exec("$MtaSts::BUILD/mta-sts", 'policy', '--tree', $tree, '-d', $yaml)
            or POSIX::_exit(9);
    }

    my $first = file('d1.example') =~ s/mta-sts\.txt$/.mta-sts.txt.new/r;
    1 until -e $first || slurp(file('d1.example')) =~ /\Q$mx/
            || waitpid($pid, POSIX::WNOHANG());
    kill $signal, $pid;
    waitpid $pid, 0;

    my $files = files();
    my @aside = grep { /\.new$/ } keys %$files;
    my %bodies = map { $files->{$_} => 1 } grep { !/\.new$/ } keys %$files;
    my @bad = grep { !/\Aversion:\ STSv1\r\nmode:\ testing\r\n
                        mx:\ [a-z0-9.]+\r\nmax_age:\ 604800\r\n\z/x }
              keys %bodies;
    is(scalar @bad, 0, "$signal: each file is complete");

    if ($signal eq 'TERM') {
        is(scalar keys %bodies, 1, '... all are old, or all are new');
        is(scalar @aside, 0, '... and no other file is left');
    }

    is((tree())[0], 0, '... the next run');
    $files = files();
    is(join('', grep { $files->{$_} !~ /\Q$mx/ } keys %$files), '',
       '... writes all');
    is(scalar keys %$files, 400, '... and leaves nothing else');
}


# A full file system: nothing has changed

SKIP: {
    my @enter = $> == 0 ? () : ('sudo', '-n');
    my $disk = "$dir/disk";
    mkdir $disk;

    my $script = <<'EOS';
mount -t tmpfs -o size=64k,nr_inodes=2000 none "$1" || exit 77
shift; disk=$1; first=$2; second=$3; helper=$4
"$helper" policy --tree "$disk" -d "$first" || exit 78
find "$disk" -type f -exec cat {} + | sha256sum
"$helper" policy --tree "$disk" -d "$second"; echo "status $?"
find "$disk" -type f -exec cat {} + | sha256sum
find "$disk" -name '*.new' | wc -l
EOS
    domains(map { ("d$_.example" => '{mx: old.example}') } 1 .. 12);
    spew("$dir/second.yaml", slurp($yaml) =~ s/old\.example/new.example/gr);

    ($status, $out, $err) = run('', @enter, 'unshare', '-m', 'sh', '-c',
        $script, 'sh', $disk, $disk, $yaml, "$dir/second.yaml",
        "$MtaSts::BUILD/mta-sts");
    skip 'no mount', 4 if $status == 77;

    my @lines = split /\n/, $out;
    is($lines[1], 'status 1', 'a full file system') or diag "$out$err";
    is($lines[2], $lines[0], '... leaves all policies as they were');
    is($lines[3], '0', '... and nothing aside');
    like($err, qr/write\(\) "\S+" failed \(28: /, '... with a reason');
}


# Ten thousand domains

if ($ENV{MTA_STS_TEST_SLOW}) {
    domains(map { ("d$_.example" => '{mx: mx' . $_ % 100 . '.example}') }
            1 .. 10_000);
    is((tree())[0], 0, '10,000 domains');
    is(scalar keys %{ files() }, 10_000, '... are written');
    domains('d1.example' => $a);
    is((tree('--prune'))[0], 0, '... and pruned');
    is(scalar keys %{ files() }, 1, '... to one');
}

done_testing();
