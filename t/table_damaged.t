#!/usr/bin/perl

# A compiled table and its changes that are cut off at every 4 KiB, are of another
# machine or are something else: nginx -t and the helper refuse them, and a worker
# logs each once and serves what it has.
#
# One nginx has a table for each case, on an address of its own, so that all
# workers' looks at the files happen in the same second.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use POSIX ();
use Test::More;

my $DOMAINS = $ENV{MTA_STS_TEST_SLOW} ? 20_000 : 1500;
my $PAGE = 4096;

my $nginx = MtaSts->new('');
my $dir = $nginx->dir;
my $log = "$dir/logs/error.log";
my $port = $nginx->port(0);

my $head = "policies:\n  one: {mode: enforce, mx: mx1.example.com}\n"
    . "  two: {mode: testing, mx: mx2.example.com}\ndomains:\n";


sub compile {
    my ($option, $file, $text) = @_;
    spew("$dir/d.yaml", $text);
    my @result = helper('compile', @$option, '-d', "$dir/d.yaml", '-o', $file);
    is("@result", '0  ', 'compile');
}

compile([], "$dir/d.table", $head . join '', map { "  d$_.example: one\n" }
        0 .. $DOMAINS);
compile(['--changes'], "$dir/d.table", $head . join '',
        map { "  d$_.example: " . ($_ % 2 ? 'one' : 'two') . "\n" }
        0 .. $DOMAINS);

my $base = slurp("$dir/d.table");
my $changes = slurp("$dir/d.table.changes");


# What becomes of the table, or of its changes, and what is said about it.

sub cuts {
    my ($bytes) = @_;
    my @at = map { $_ * $PAGE } 0 .. (length($bytes) - 1) / $PAGE;
    return map { ["cut at $_", substr($bytes, 0, $_),
                  $_ ? 'is truncated' : 'is not a table'] } @at;
}

sub others {
    my ($bytes) = @_;
    return ['a byte short', substr($bytes, 0, -1), 'is truncated'],
        ['cut in the header', substr($bytes, 0, 100), 'is truncated'],
        ['a byte long', "${bytes}x", 'is damaged'],
        ['with another byte', substr($bytes, 0, -9) . 'x' . substr($bytes, -8),
         'is damaged'],
        ['with another byte of the header', substr($bytes, 0, 20) . 'x'
         . substr($bytes, 21), 'is damaged'],
        ['of another byte order', substr($bytes, 0, 8)
         . reverse(substr $bytes, 8, 4) . substr($bytes, 12),
         'is of a machine of another byte order'],
        ['of another format', substr($bytes, 0, 12) . pack('L', 99)
         . substr($bytes, 16), 'is of another format, compile it again'],
        ['of another magic', 'x' . substr($bytes, 1), 'is not a table'],
        ['zeros', "\0" x length($bytes), 'is not a table'],
        ['a table and zeros', substr($bytes, 0, 5000)
         . "\0" x (length($bytes) - 5000), 'is damaged'];
}

my @cases = ((map { [@$_, 'table', 'the old table is kept'] }
              cuts($base), others($base)),
             (map { [@$_, 'table.changes', 'the old changes are kept'] }
              cuts($changes), others($changes)));

my $few = grep { $_->[3] eq 'table' } @cases;
cmp_ok($few, '>', 15, "$few tables, " . (@cases - $few) . ' changes');

sub place {
    my ($file, $bytes) = @_;
    spew("$file.new", $bytes);
    rename "$file.new", $file or die "$file: $!";
}

for my $i (0 .. $#cases) {
    place("$dir/$i.table", $base);
    place("$dir/$i.table.changes", $changes);
}


# Requests to the address of a case.

sub address {
    my ($i) = @_;
    return join '.', 127, 9, int $i / 250, 1 + $i % 250;
}

sub body {
    my ($i, $domain) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => address($i),
                                     PeerPort => $port, Timeout => 60)
               or return "connect: $!";
    my $got = '';

    print $sock "GET /.well-known/mta-sts.txt HTTP/1.0\r\n"
        . "Host: mta-sts.$domain\r\n\r\n";
    while (sysread $sock, $got, 65536, length $got) { }

    return (split_response($got))[1] // '';
}

my %expected = map { $_ => (helper('policy', '-d', "$dir/d.table", $_))[1] }
    'd1.example', 'd2.example', "d$DOMAINS.example";

sub served {
    my ($i) = @_;
    return !grep { body($i, $_) ne $expected{$_} } keys %expected;
}

sub logged {
    my ($i) = @_;
    my ($what, $bytes, $error, $name, $kept) = @{ $cases[$i] };
    return scalar(() = slurp($log)
                  =~ /"\Q$dir\E\/$i\.\Q$name\E" \Q$error, $kept\E$/mg);
}

$nginx->conf(join "\n", 'server { listen 127.0.0.1:%%PORT0%%; }', map {
    'server { listen ' . address($_) . ":$port; server_name mta-sts.*; "
    . "mta_sts_domains $_.table; }" } 0 .. $#cases);
is(($nginx->test)[0], 0, 'all are good');
$nginx->start;
is(scalar(grep { !served($_) } 0 .. $#cases), 0, '... and served');

for my $i (0 .. $#cases) {
    place("$dir/$i.$cases[$i][3]", $cases[$i][1]);
}

my @left = 0 .. $#cases;
ok(within(sub { body($_, 'd1.example') for @left;
                @left = grep { !logged($_) } @left; !@left }),
   'a worker logs each') or diag(map { "$cases[$_][3] $cases[$_][0]\n" } @left);

is(join(', ', map { "$cases[$_][3] $cases[$_][0]" }
        grep { !served($_) } 0 .. $#cases), '', '... serves what it has');

# a look at the files that are good again is later than all others

place("$dir/good.table", $base);
rename "$dir/good.table", "$dir/0.table";
ok(within(sub { body(0, 'd1.example');
                slurp($log) =~ m{table "\Q$dir\E/0\.table" of \d+ domains} }),
   '... takes a good one again');
is(join(', ', map { "$cases[$_][3] $cases[$_][0]" }
        grep { body($_, 'd1.example'); logged($_) != 1 } 0 .. $#cases), '',
   '... and has logged each once');

$nginx->stop;


# nginx -t and the helper, with each alone.

my (@tested, @listed);

place("$dir/0.table", $cases[0][1]);

for my $i (0 .. $#cases) {
    my ($what, $bytes, $error, $name) = @{ $cases[$i] };
    my $said = qr/"\Q$dir\E\/$i\.\Q$name\E" \Q$error\E/;

    # what does not begin as a table does is read as a domains file

    $said = qr/\Q$dir\E\/$i\.table/
        if $name eq 'table' && $error eq 'is not a table';

    $nginx->conf('server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.*; '
                 . "mta_sts_domains $i.table; }");

    my ($status, $text) = $nginx->test;
    push @tested, "$name $what: $status $text" if $status != 1 || $text !~ $said;

    ($status, my $out, $text) = helper('records', '-d', "$dir/$i.table");
    push @listed, "$name $what: $status $out$text"
        if $status != 1 || $out ne '' || $text !~ $said;
}

is("@tested", '', 'nginx -t refuses each and says why');
is("@listed", '', 'the helper prints nothing of it, and says the same');


# What is no file at all.

for my $case (
    ['a folder', sub { mkdir $_[0] }],
    ['a FIFO', sub { POSIX::mkfifo($_[0], 0600) }],
    ['a link to nothing', sub { symlink "$dir/nothing", $_[0] }],
    ['a link to itself', sub { symlink $_[0], $_[0] }],
) {
    my ($what, $make) = @$case;

    unlink "$dir/d.table";
    $make->("$dir/d.table");
    $nginx->conf('server { listen 127.0.0.1:%%PORT0%%; server_name mta-sts.*; '
                 . 'mta_sts_domains d.table; }');
    is(($nginx->test)[0], 1, "$what as the table: nginx -t");
    is((helper('list', '-d', "$dir/d.table"))[0], 1, '... list')
        unless $what eq 'a FIFO';
    -d "$dir/d.table" ? rmdir "$dir/d.table" : unlink "$dir/d.table";

    place("$dir/d.table", $base);
    unlink "$dir/d.table.changes";
    $make->("$dir/d.table.changes");

    # no changes, or something that is none

    my $none = $what eq 'a link to nothing' ? 0 : 1;
    is(($nginx->test)[0], $none, '... as its changes: nginx -t');
    is((helper('list', '-d', "$dir/d.table"))[0], $none, '... list');

    rmdir "$dir/d.table.changes" if -d "$dir/d.table.changes";
}

done_testing();
