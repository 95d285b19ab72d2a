#!/usr/bin/perl

# mta-sts import from the live world: what nginx with the module serves comes
# back as it is, for random domains files; every valid policy of
# t/data/policies.json is imported with what differs, and every other one is
# refused with a reason or repaired; what cannot be reached is unknown; and how
# long old servers have to stay.
#
# MTA_STS_TEST_SEED repeats a run.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use MtaSts;
use MtaSts::Random;
use MtaSts::World;
use Test::More;

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $RANDOM = $ENV{MTA_STS_TEST_SLOW} ? 1000 : 60;

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $seed = seed();

begin_case($seed);
note("MTA_STS_TEST_SEED=$seed");

my $good = "version: STSv1\r\nmode: enforce\r\nmx: mx.good.example\r\n"
         . "max_age: 604800\r\n";


# Random domains of a file: some share a policy, its reports or both.

my (@policies, %random);

for my $i (1 .. 12) {
    my $mode = pick(qw(enforce testing none));
    my ($age) = random_age();
    my %mx = map { (random_mx())[1] => 1 } 1 .. 1 + int rand 6;
    my @rua = chance(0.5) ? () : map { random_rua() } 1 .. 1 + int rand 2;

    delete $mx{$_} for grep { length > 240 } keys %mx;
    $mx{'mx.good.example'} = 1;
    push @policies, { mode => $mode, mx => [shuffle(keys %mx)],
                      max_age => $age, @rua ? (tlsrpt_rua => \@rua) : () };
}

for my $i (1 .. $RANDOM) {
    my %policy = %{ pick(@policies) };
    delete $policy{tlsrpt_rua} if chance(0.2);
    $policy{tlsrpt_rua} = [random_rua()] if chance(0.3);
    $policy{max_age} = (random_age())[0] if chance(0.1);
    $random{"r$i.example"} = \%policy;
}

my $json = JSON::PP->new->canonical;
my $x = "$dir/x.yaml";
spew($x, $json->encode({ domains => \%random }));

my ($rc, $random_records, $err) = helper('records', '-d', $x);
is($rc, 0, 'the random file is valid') or diag $err;


# One domain per policy of the conformance set, and per fault of the world

my %body = map { my $body = $_->{body}; utf8::encode($body);
                 ($_->{name} =~ s/_/-/gr => [$_->{valid}, $body]) }
           @{ decode_json(slurp('t/data/policies.json')) };

# those of the others that have one reading, and what is repaired

my %repaired = (
    'cr-only' => 'line ends',
    'cr-only-with-lf' => 'line ends',
    'bom' => 'byte order mark',
    'trailing-blank-line' => 'empty lines',
    'inner-blank-line' => 'empty lines',
    'leading-space' => 'white space',
    'space-before-colon' => 'white space',
    'comment-line' => 'comments',
    'lower-version' => 'capitals',
    'upper-mode' => 'capitals',
    'max-age-7d' => 'unit of max_age',
    'mx-trailing-dot' => 'trailing dot',
    'mx-ulabel' => 'U-label',
    'mx-comma-list' => 'several mx in a line',
    'no-version' => 'version was missing',
    'mode-twice-capital' => undef,
);

$body{'no-version'} = [JSON::PP::false, $good =~ s/version.*\r\n//r];
$body{'mode-twice-capital'} = [JSON::PP::false,
                               "${good}Mode: testing\r\n" =~ s/enforce/Enforce/r];

# what differs where it is valid

my %differs = (
    'lf' => 'line ends',
    'crlf' => undef,
    'no-final-eol' => 'line ends',
    'mixed-eol' => 'line ends',
    'trailing-ws' => 'line ends, white space',
    'no-space-after-colon' => 'line ends, white space',
    'version-last' => 'line ends, order',
    'dup-mode' => 'line ends, lines left out',
    'dup-file-twice' => 'line ends, lines left out',
    'none-no-mx' => 'line ends',
    'none-with-mx' => 'line ends',
    'max-age-0' => 'line ends, max_age 0, is 1 here',
    'max-age-max' => 'line ends',
    'ext-key' => 'line ends, lines left out',
    'ext-key-colon' => 'line ends, lines left out',
    'mx-upper' => 'line ends, capitals',
);

# name => [status, pattern on standard error, or in the file, and what is
# special]

my %case = (
    'healthy' => ['imported', qr/^$/],
    'unchanged' => ['imported', qr/^$/],
    'ttl' => ['imported', qr/^$/],
    'ttl-chain' => ['imported', qr/^$/, a => '7200 CNAME c1',
                    more => "c1 100000 CNAME c2\nc2 A 192.0.2.1"],
    'html' => ['refused', qr/media type is "text\/html".*; --repair imports it/,
               http => qq(default_type text/html; return 200 "$good";),
               repaired => 'media type'],
    'gone' => ['refused', qr/status 404/, http => 'return 404;'],
    'moved' => ['refused', qr/redirect to/,
                http => 'return 301 https://www.example/;'],
    'list' => ['refused', qr/--repair repairs it: several mx/, body => $good =~ s/^mx: .*/mx: *.good.com,mx.good.com/mr,
               repaired => 'several mx in a line', mx => 'mx.good.com.'],
    'two-types' => ['imported', qr/imported as it is: .* 2 Content-Type fields, "text\/html" first/,
                    http => qq(default_type text/html; add_header Content-Type text/plain; )
                            . qq(return 200 "$good";)],
    'page' => ['refused', qr/another document/,
               http => 'default_type text/html; return 200 "<html>";'],
    'named' => ['refused', qr/names only|does not name|not name|certificate/,
                cert => 'other'],
    'nothing' => ['refused', qr/no MTA-STS, neither/, a => undef, txt => undef],
    'no-host' => ['refused', qr/no address/, a => undef],
    'no-record' => ['refused', qr/no TXT record.*--repair imports the policy/,
                    txt => undef, repaired => 'record'],
    'two-records' => ['refused', qr/2 TXT records/, repaired => 'record',
                      txt => "\"v=STSv1; id=1;\"\n"
                           . '_mta-sts.two-records TXT "v=STSv1; id=2;"'],
    'bad-id' => ['refused', qr/id "1-2"/, txt => '"v=STSv1; id=1-2;"',
                 repaired => 'record'],
    'differ' => ['refused', qr/serve different policies/,
                 a => "A 192.0.2.1\nmta-sts.differ A 192.0.2.5"],
    'silent' => ['unknown', qr/no address of the policy host answers/,
                 a => 'A 198.18.0.1'],
    'refuses' => ['unknown', qr/no address of the policy host answers/,
                  a => 'A 192.0.2.2'],
    'dead-txt' => ['unknown', qr/SERVFAIL/, dead => '_mta-sts'],
    'dead-host' => ['unknown', qr/SERVFAIL/, dead => 'mta-sts'],
    'half' => ['partly', qr/from 192\.0\.2\.1, but 1 other could not/,
               a => "A 192.0.2.1\nmta-sts.half A 192.0.2.2"],
    'uncovered' => ['imported', qr/imported as it is: .*matches no mx/,
                    mx => 'other.mx'],
    'bad-rpt' => ['imported', qr/imported without tlsrpt_rua/,
                  rpt => '"v=TLSRPTv1; rua=tls@example.com"'],
    'no-rpt' => ['imported', qr/^$/, rpt => undef],
    'address' => ['refused', qr/IP address|is an address|mx "10\.0\.0\.1"/,
                  body => "${good}mx: 10.0.0.1\r\n"],
    'escapes' => ['refused', qr/control character|0x1b/,
                  body => "${good}a: \e[31m\r\n"],
);

for my $name (sort keys %body) {
    my ($valid, $body) = @{ $body{$name} };
    $case{$name} = [$valid ? 'imported' : 'refused', $valid ? qr// : qr/./,
                    body => $body, repaired => $repaired{$name},
                    mx => 'mx.any'];
}

my @san = map { "mta-sts.$_" } keys %random, map { "$_.example" } keys %case;
my $cert = $world->cert('all', \@san);
my $other = $world->cert('other', ['www.example']);
my ($http, $records, %files, @dead) = ('', '');

for my $name (sort keys %case) {
    my (undef, undef, %opt) = @{ $case{$name} };
    %opt = (a => 'A 192.0.2.1', txt => '"v=STSv1; id=old1;"', mx => 'mx.good',
            rpt => '"v=TLSRPTv1; rua=mailto:tls@example.com"', %opt);

    $opt{txt} = '"v=STSv1; id=' . id($good) . ';"' if $name eq 'unchanged';
    $records .= "mta-sts.$name $opt{a}\n" if defined $opt{a};
    $records .= "_mta-sts.$name TXT $opt{txt}\n" if defined $opt{txt};
    $records .= "_smtp._tls.$name TXT $opt{rpt}\n" if defined $opt{rpt};
    $records .= "$name MX 10 $opt{mx}\n";
    $records .= "$opt{more}\n" if $opt{more};
    push @dead, "$opt{dead}.$name.example" if $opt{dead};

    $files{"$name.txt"} = $opt{body} // $good;
    $http .= web("mta-sts.$name.example", $opt{cert} ? $other : $cert,
                 $opt{http} // "default_type text/plain; root %%DIR%%; "
                             . "location / { try_files /$name.txt =404; }");
}


sub id {
    my ($body) = @_;
    require Digest::SHA;
    return substr Digest::SHA::sha256_hex($body), 0, 20;
}


$files{'other.txt'} = $good =~ s/604800/700000/r;
$http .= web('mta-sts.differ.example', $cert, 'default_type text/plain; '
             . 'root %%DIR%%; location / { try_files /other.txt =404; }',
             listen => ['192.0.2.5']);
$http .= web(join(' ', map { "mta-sts.$_" } sort keys %random), $cert,
             "mta_sts_domains $x;");

$records .= join '', "mx.good A 192.0.2.1\nother.mx A 192.0.2.1\n",
    map { "mta-sts.$_. 3600 A 192.0.2.1\n$_. MX 10 mx.good\n" }
    sort keys %random;
$records .= $random_records;

$world->dns($records, \@dead, []);
$world->nginx("server_names_hash_max_size 65536;\n"
              . "server_names_hash_bucket_size 256;\n$http", %files);

my @net = ('--resolver', $world->resolver, '--ca', $world->ca, '--timeout', 4,
           '--jobs', 8);

sub import_live {
    my ($in, @args) = @_;
    return run($in, "$MtaSts::BUILD/mta-sts", 'import', @net, @args);
}


# import(serve(x)) = x

{
    my ($status, $out, $said) = import_live('', map { shuffle($_) }
                                            sort keys %random);
    unlike($said, qr/^mta-sts: (?!stdout:\d+:\d+: warning: )/m,
           'random domains are imported');
    is($status, 0, '... without a warning, but of the policies themselves');
    unlike($out, qr/ -> |bytes:|repaired:/, '... without a difference');
    spew("$dir/y.yaml", $out);

    my ($rc, $again, $why) = helper('records', '-d', "$dir/y.yaml");
    is($again, $random_records, "... and import(serve(x)) = x: seed $seed")
        or diag $why;

    my @keys = $out =~ /^domains:\n(.*?)\n\n/ms
               ? $1 =~ /^  (\S+):/mg : ();
    is("@keys", join(' ', sort keys %random), '... sorted by domain');

    my @names = $out =~ /^  (\S+):  # \d+ domains?, id/mg;
    my %once = map { $_ => 1 } @names;
    is(scalar keys %once, scalar @names, '... policies have names of their own');
    my @many = $out =~ /^  \S+:  # (\d+) domains?, id/mg;
    is("@many", join(' ', sort { $b <=> $a } @many), '... the largest first');

    # names come from standard input and from a file, too; the order does not
    # matter

    my $names = join "\n", reverse sort keys %random;
    my (undef, $stdin) = import_live($names, '-');
    spew("$dir/names", "$names\n# a comment\n");
    my (undef, $file) = import_live('', '--domains-from', "$dir/names");
    my $date = qr/\d{4}-\d\d-\d\d \d\d:\d\d UTC/;

    # the cache has less of the TTL each time

    s/$date/DATE/g, s/^# The move.*//ms for $out, $stdin, $file;
    is($stdin, $out, '"-" is standard input');
    is($file, $out, '--domains-from is a file');

    # server blocks, as nginx and the helper read them

    ($status, my $blocks, $said) = import_live('', '-f', 'nginx',
                                               sort keys %random);
    is($status, 0, 'random domains as server blocks') or diag $said;
    spew("$dir/y.conf", "http {\n$blocks}\n");
    ($rc, $again, $why) = helper('records', '-c', "$dir/y.conf");
    is($again, $random_records, '... mean the same') or diag $why;

    my $nginx = MtaSts->new("server_names_hash_max_size 65536;\n"
        . "server_names_hash_bucket_size 256;\n"
        . $blocks =~ s{/etc/letsencrypt/live/\S+/fullchain\.pem}{$cert.pem}gr
          =~ s{/etc/letsencrypt/live/\S+/privkey\.pem}{$cert.key}gr);
    my ($tested, $errors) = $nginx->test;
    is($tested, 0, '... and nginx accepts them') or diag $errors;
}


# Each case: what is said, and what is in the file

my @args = map { "$_.example" } grep { !/^ttl/ } sort keys %case;
my ($status, $out, $said) = import_live('', @args);

spew("$dir/cases.yaml", $out);
is($status, 3, 'what is unknown is the exit status');
unlike($out . $said, qr/[^\x20-\x7e\n]/, 'no control character is printed');

sub check_cases {
    my ($repair, $out, $said) = @_;
    my (%in, %lines, %got);
    my $how = $repair ? '--repair: ' : '';

    $lines{$1} .= "$2\n" while $said =~ /^mta-sts: (\S+)\.example: (.*)/mg;
    my ($domains) = $out =~ /^domains:\n(.*?)\n\n/ms;
    $in{$1} = $2 // '' while $domains =~ /^  (\S+)\.example:[^#\n]*(?:# (.*))?$/mg;

    for my $name (grep { !/^ttl/ } sort keys %case) {
        my ($want, $pattern, %opt) = @{ $case{$name} };
        my $line = $lines{$name} // '';
        my $is = exists $in{$name};

        if ($want eq 'refused' && $repair && defined $opt{repaired}) {
            is($in{$name} // '', $in{$name} && $in{$name} =~ /repaired: \Q$opt{repaired}\E(?:$|, )/
               ? $in{$name} : "repaired: $opt{repaired}", "$how$name: in the file")
                or diag $line;
            unlike($line, qr/not imported/, "$how$name: nothing is refused");
            unlike($line =~ s/.*matches no mx.*//r, qr/as it is/, '... or as it is')
                if exists $repaired{$name} || $name eq 'list';
            unlike($line, qr/matches no mx/, '... and the mx is there')
                if $name eq 'list';
            next;
        }

        ok($is == ($want =~ /^(?:imported|partly)$/ ? 1 : 0), "$how$name: $want")
            or diag "$line$said";
        like($line, $pattern, "$how$name: what is said");
        like($line, qr/^not imported: /, "... that it is not imported")
            if $want eq 'refused';
        like($line, qr/^unknown: /, '... that it is unknown')
            if $want eq 'unknown';
        unlike($line, qr/not imported|unknown/, '... and nothing else')
            if $want eq 'imported';
        like($line, qr/--repair/, '... and that it can be repaired')
            if $want eq 'refused' && defined $opt{repaired};
    }

    return \%in;
}

my $in = check_cases(0, $out, $said);

for my $name (sort keys %differs) {
    is($in->{$name} =~ /bytes: (.*)/ ? $1 : undef, $differs{$name},
       "$name: what differs");
}

is(join(' ', grep { $body{$_}[0] && !exists $differs{$_} } sort keys %body), '',
   'all valid policies are compared');

is($in->{unchanged}, '', 'the same id and bytes need no comment');
is($in->{healthy}, 'id old1 -> ' . id($good), 'the old id and the new one');

my (undef, $list) = helper('list', '-d', "$dir/cases.yaml");
my %id = map { my @f = split; ($f[0] => $f[3]) } split /\n/, $list;
is($id{'mx-upper.example'}, id(lines($body{lf}[1])), 'capitals are lowered');
is($id{'dup-mode.example'}, id(lines($body{lf}[1])), 'the first key counts');
is($id{'version-last.example'}, id(lines($body{lf}[1])), 'ours has our order');
is($id{'none-no-mx.example'}, id(lines($body{'none-no-mx'}[1])), 'none');

sub lines { return $_[0] =~ s/\r?\n/\r\n/gr }

my ($nothing, $rua) = map { (helper('records', '-d', "$dir/cases.yaml",
                                    "$_.example"))[1] =~ /TLSRPT/ ? 1 : 0 }
                      qw(bad-rpt healthy);
is("$nothing $rua", '0 1', 'report URIs come from a record that is valid');

($status, $out, $said) = import_live('', '--repair', @args);
is($status, 3, '--repair: exit status');
$in = check_cases(1, $out, $said);
like($in->{'two-records'}, qr/^ids (?:1, 2|2, 1) -> /, 'two records: both old ids');
is($in->{'no-record'} =~ s/ ->.*//r, 'no id', 'no record: no id');
spew("$dir/repaired.yaml", $out);
(undef, $list) = helper('list', '-d', "$dir/repaired.yaml");
%id = map { my @f = split; ($f[0] => $f[3]) } split /\n/, $list;

for my $name (grep { defined $repaired{$_} && $_ ne 'mx-comma-list'
                     && $_ ne 'mx-ulabel' && $_ ne 'no-version' }
              sort keys %repaired) {
    is($id{"$name.example"}, id(lines($body{lf}[1])), "--repair: $name means that");
}


# How long old servers have to stay: the TTL over the whole chain and S

{
    my ($status, $out) = import_live('', 'ttl.example', 'ttl-chain.example');
    my $date = qr/(\d{4}-\d\d-\d\d) (\d\d):(\d\d) UTC/;
    my ($now) = $out =~ /change now \(($date)\)/;
    my %until = map { /^#\s+(\S+)\s+($date)\s+(\S+)$/ ? ($6 => [$1, $2]) : () }
                split /\n/, $out;

    my $seconds = sub {
        require Time::Piece;
        return Time::Piece->strptime($_[0], '%Y-%m-%d %H:%M UTC')->epoch;
    };

    for (['ttl', '1m', 60], ['ttl-chain', '100000s', 100000]) {
        my ($name, $ttl, $s) = @$_;
        my ($shown, $until) = @{ $until{"$name.example"} // ['none', ''] };
        is($shown, $ttl, "$name: the TTL of its address");
        my $wait = $seconds->($until) - $seconds->($now);
        cmp_ok($wait, '>=', $s + 86400 + 1800, '... and a day and 30 minutes');
        cmp_ok($wait, '<=', $s + 86400 + 1800 + 120, '... and no more');
    }
}


# Exit statuses and files

($status, $out, $said) = import_live('', 'nothing.example');
is("$status $out", '1 ', 'nothing to import: no file, status 1');

unlink "$dir/out.yaml";
($status, $out, $said) = import_live('', '-o', "$dir/out.yaml", 'gone.example');
ok($status == 1 && !-e "$dir/out.yaml", '-o: no file of nothing');

($status, $out, $said) = import_live('', '-o', "$dir/out.yaml", 'healthy.example');
is("$status $out$said", '0 ', '-o: nothing on standard output');
like(slurp("$dir/out.yaml"), qr/^  healthy\.example:/m, '... but in the file');

my $before = slurp("$dir/out.yaml");
($status, $out, $said) = import_live('', '-o', "$dir/out.yaml", 'gone.example');
is(slurp("$dir/out.yaml"), $before, '... which stays where nothing is imported');

$world->stop;
done_testing();
