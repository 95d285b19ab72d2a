#!/usr/bin/perl

# The documents: configurations are accepted by nginx and the helper, commands
# print what the documents show, links lead somewhere, and the manual has every
# option.  What needs servers of its own is in other tests: proxy.t, publish.t,
# acme.t, acme_certbot.t, first_domain.t, check.t, other_servers.t.  Of
# octodns-sync, dnscontrol, terraform and kubectl, which Debian lacks, only the
# helper's side is run.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP;
use MtaSts;
use MtaSts::Dns;
use MtaSts::Docs qw(blocks documents section snippet);
use Test::More;

my @documents = documents();
my %text = map { $_ => slurp($_) } @documents;
my %blocks = map { $_ => [blocks($_)] } @documents;

cmp_ok(-s 'README.md', '<=', 10_240, 'README.md has at most 10 KB');


# Links: a file that is there, and a heading of it.  GitHub makes an anchor of a
# heading: lower case, only letters, digits, "-" and "_", and "-" for a space.

sub anchors {
    my ($document) = @_;
    my $text = slurp($document) =~ s/^ *```.*?^ *```$//msgr;
    return map {
        my $anchor = lc;
        $anchor =~ s/\[(.*?)\]\(.*?\)/$1/g;
        $anchor =~ s/[^\w\- ]//g;
        ($anchor =~ s/ /-/gr => 1);
    } $text =~ /^#+ (.*)$/mg;
}


sub resolve {
    my ($document, $path) = @_;
    return $document if $path eq '';
    my $whole = ($document =~ s{[^/]*\z}{}r) . $path;
    1 while $whole =~ s{[^/]+/\.\./}{};
    return $whole;
}


for my $document (@documents) {
    my $plain = $text{$document} =~ s/^ *```.*?^ *```$//msgr;

    for my $link ($plain =~ /\]\(\s*([^)\s]+)\s*\)/g) {
        next if $link =~ m{^https?://};
        my ($path, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
        my $file = resolve($document, $path);

        if (!ok(-e $file, "$document: $link")) {
            next;
        }

        if (defined $anchor) {
            my %anchors = anchors($file);
            ok($anchors{$anchor}, '... and its heading')
                or diag(join ' ', sort keys %anchors);
        }
    }
}

for my $document (@documents) {
    my %linked = map { resolve($_->[0], $_->[1]) => 1 }
        map { my $from = $_; map { [$from, $_] }
              $text{$from} =~ /\]\(([^)#\s]+)/g } @documents;
    ok($document eq 'README.md' || $linked{$document},
       "$document: another document links to it");
}


# The kinds of blocks that there are, so that none is left out by its name.

my %kinds = map { $_ => 1 } qw(nginx yaml sh console zone http text js
                              apache caddy);

for my $document (@documents) {
    is(join(' ', map { "line $_->{line}: \"$_->{lang}\"" }
                 grep { !$kinds{$_->{lang}} } @{ $blocks{$document} }), '',
       "$document: kinds of blocks");
}


# Server blocks: nginx and the helper accept them without a warning, and each
# listens on IPv6 where it listens on IPv4.

# In a folder of the test, on its ports.

sub adapt {
    my ($conf) = @_;

    $conf =~ s{ssl_certificate +\S+;}{ssl_certificate any.pem;}g;
    $conf =~ s{ssl_certificate_key +\S+;}{ssl_certificate_key any.key;}g;
    $conf =~ s{listen +127\.0\.0\.1:\d+}{listen 127.0.0.1:%%PORT4%%}g;
    $conf =~ s{listen +\[::1\]:\d+}{listen [::1]:%%PORT5%%}g;
    $conf =~ s{listen +\[::\]:\d+}{listen [::1]:%%PORT2%%}g;
    $conf =~ s{listen +443}{listen 127.0.0.1:%%PORT0%%}g;
    $conf =~ s{listen +80;}{listen 127.0.0.1:%%PORT1%%;}g;
    $conf =~ s{\[::1\]:%%PORT2%%;}{[::1]:%%PORT3%%;}g;
    $conf =~ s{\Ahttp \{(.*)\}\s*\z}{$1}s;
    $conf =~ s{mta_sts_reports +\S+;}{mta_sts_reports spool;}g;
    $conf =~ s{mta_sts_domains +\S+;}{mta_sts_domains mta-sts.yaml;}g;

    return $conf;
}


my ($yaml) = map { $_->{text} }
             grep { $_->{lang} eq 'yaml' } @{ $blocks{'docs/hosting.md'} };


sub nginx {
    my ($conf) = @_;
    my $nginx = MtaSts->new('');

    make_cert($nginx->dir, 'any', 'mta-sts.example.com');
    spew($nginx->dir . '/mta-sts.yaml', $yaml);
    $nginx->conf(adapt($conf));

    return $nginx;
}


my $servers = 0;

for my $document (@documents) {
    for my $block (grep { $_->{lang} eq 'nginx' } @{ $blocks{$document} }) {
        my $name = "$document, line $block->{line}";

        for my $server (split /^ *server \{/m, $block->{text}) {
            my @four = $server =~ /listen +(?:127\.0\.0\.1:)?(\d+(?!\.)[^;]*);/g;
            my @six = $server =~ /listen +\[::1?\]:(\d+[^;]*);/g;
            is("@six", "@four", "$name: IPv6 beside IPv4");
            $servers += @four > 0;
        }

        my $nginx = nginx($block->{text});
        my ($status, $said) = $nginx->test;
        is($status, 0, '... nginx accepts it') or diag($said);
        unlike($said, qr/\[warn\]/, '... without a warning');

        # that of a proxy in front has no policy, and that of a status

        next unless $block->{text} =~ /mta_sts_(?!status)/;

        my ($rc, undef, $err) = helper('list', '-c', $nginx->dir . '/nginx.conf');
        is("$rc $err", '0 ', '... and so does the helper');
    }
}

cmp_ok($servers, '>=', 8, 'there are server blocks');


# A command and what it prints, with the first server block of the document or
# the domains file of docs/hosting.md.  What asks the network is in
# first_domain.t.

my $dir = tempdir(CLEANUP => 1);
spew("$dir/mta-sts.yaml", $yaml);

sub printed {
    my ($document, $block) = @_;
    my ($command, $want) = $block->{text} =~ /\A\$ mta-sts ([^\n]*)\n(.*)\z/s
        or die "$document, line $block->{line}: not a command";
    my @words = grep { $_ ne '--served' } split ' ', $command;
    my @conf = ('-d', "$dir/mta-sts.yaml");

    if ($document eq 'README.md') {
        my ($server) = grep { $_->{lang} eq 'nginx' } @{ $blocks{$document} };
        spew("$dir/nginx.conf", "http {\n$server->{text}}\n");
        @conf = ('-c', "$dir/nginx.conf");
    }

    if ($command =~ / -d mta-sts\.yaml/) {
        @conf = ('-p', $dir);
    }

    my ($rc, $out, $err) = helper(@words, @conf);
    is("$rc $err", '0 ', "$document: mta-sts $command");
    is($out =~ s{\Q$dir/\E}{}gr =~ s/\n+\z/\n/r, $want, '... prints what it shows');
}


my @printed = map {
    my $document = $_;
    map { [$document, $_] } grep { $_->{lang} eq 'console' }
                                 @{ $blocks{$document} }
} @documents;

printed(@$_) for @printed;
cmp_ok(scalar @printed, '>=', 6, 'there are commands with their output');


# What is served, as docs/reference.md shows it

{
    my $title = 'What is served';
    my $shown = snippet('docs/reference.md', $title, 0, 'http');
    my $nginx = nginx(snippet('docs/reference.md', $title, 0, 'nginx'));
    my $host = 'mta-sts.example.com';

    $nginx->start;
    my $got = $nginx->get(0, $host, sni => $host);
    $got =~ s/^(?:Server|Date|Connection): .*\r\n//mg;
    is($got, $shown =~ s/\n/\r\n/gr, 'the answer is what the document shows');

    my ($status, $out, $err) = curl($nginx, 2, "https://$host/"
        . '.well-known/mta-sts.txt', '::1');
    is($out, (split_response($got))[1], '... over IPv6, too') or diag($err);

    # the command that computes the id

    my $command = snippet('docs/reference.md', $title, 0, 'sh');
    ok($command =~ s{curl}{curl --cacert $nginx->{dir}/ca.pem --connect-to ::127.0.0.1:@{[$nginx->port(0)]}},
       'the command for the id');
    ($status, $out, $err) = run('', 'sh', '-c', $command);
    my (undef, $list) = helper('list', '-c', $nginx->dir . '/nginx.conf');
    is($out, (split ' ', $list)[3] . "\n", '... prints the id');

    # the command that waits for a server, of docs/dns.md

    $command = snippet('docs/dns.md', 'The records, however you run DNS', 1);
    my $helper = $MtaSts::BUILD =~ m{^/} ? "$MtaSts::BUILD/mta-sts"
                                         : "$ENV{PWD}/$MtaSts::BUILD/mta-sts";
    ok($command =~ s{\bmta-sts policy}{$helper policy -c $nginx->{dir}/nginx.conf}
       && $command =~ s{:443:192\.0\.2\.1}{:@{[$nginx->port(0)]}:127.0.0.1}
       && $command =~ s{mta-sts\.example\.com/}{mta-sts.example.com:@{[$nginx->port(0)]}/}
       && $command =~ s{curl}{curl --cacert $nginx->{dir}/ca.pem},
       'the command that waits');
    ($status, $out, $err) = run('', 'timeout', '60', 'sh', '-c',
                                "cd $dir && $command");
    is("$status $out$err", '0 ', '... ends when the policy is served');

    $nginx->stop;
}


sub curl {
    my ($nginx, $n, $url, $address, @more) = @_;
    my $port = $nginx->port($n);
    return run('', 'curl', '-qsS', '--max-time', 20, '--cacert',
               $nginx->dir . '/ca.pem', '--connect-to', "::[$address]:$port",
               @more, $url);
}


# The generator: what programs get, and the limit

{
    my $title = 'The policy generator';
    my $nginx = nginx(snippet('docs/reference.md', $title, 0, 'nginx'));
    my $command = snippet('docs/reference.md', $title, 0, 'sh');
    my $host = 'mta-sts.example.com';
    my $port = $nginx->port(0);

    $nginx->start;

    ok($command =~ s{curl}{curl -qsS --cacert $nginx->{dir}/ca.pem --connect-to ::127.0.0.1:$port},
       'the command for programs');
    my ($status, $out, $err) = run('', 'sh', '-c', $command);
    is("$status $err", '0 ', '... runs');
    my $object = eval { decode_json($out) } // {};
    is_deeply($object->{mx}, ['mx1.example.org', 'mx2.example.org'],
              '... and gets the object');
    ok(exists $object->{$_}, "... with $_")
        for qw(policy policy_url server yaml warnings records);

    # on one connection: the rate is two requests per second

    my %status;
    my $request = "HEAD / HTTP/1.1\r\nHost: $host\r\n";
    my $answers = $nginx->http(0, "$request\r\n" x 39
        . "${request}Connection: close\r\n\r\n", sni => $host);
    $status{$_}++ for $answers =~ m{^HTTP/1\.1 (\d+)}mg;
    is(join(' ', sort keys %status), '200 429', 'the limit holds')
        or diag(explain(\%status));
    cmp_ok($status{200}, '>=', 20, '... and lets a page and its files pass');
    like($nginx->get(0, $host, sni => $host), qr{^HTTP/1\.1 200 },
         '... and never holds back a policy');

    $nginx->stop;
}


# The script that tests files before it moves them into place

{
    my $folder = "$dir/mta-sts.d";
    my $script = snippet('docs/hosting.md',
        'Test a file before it is moved into place', 0, 'sh');
    my $helper = $MtaSts::BUILD =~ m{^/} ? "$MtaSts::BUILD/mta-sts"
                                         : "$ENV{PWD}/$MtaSts::BUILD/mta-sts";

    mkdir $folder;
    spew("$folder/00-policies.yaml",
         "policies: {hosted: {mx: mx.hoster.example}}\n");
    ok($script =~ s{/etc/nginx/mta-sts\.d}{$folder}
       && $script =~ s{^mta-sts list}{$helper list}m
       && $script =~ s{^nginx -t && nginx -s reload$}{echo reload}m,
       'the script for new files');
    spew("$dir/install", $script);

    my $install = sub {
        my ($text) = @_;
        spew("$dir/customer.yaml", $text);
        return run('', 'sh', "$dir/install", "$dir/customer.yaml");
    };
    my $good = "domains: {example.com: hosted}\n";

    my ($status, $out, $err) = $install->($good);
    is("$status $out$err", "0 reload\n", '... installs a valid one');
    is(slurp("$folder/customer.yaml"), $good, '... as it is');

    ($status, $out, $err) = $install->("domains: {example.com: hostd}\n");
    is("$status $out", '1 ', '... refuses one that is not');
    like($err, qr/customer\.yaml:1:\d+: /, '... with its place');
    is(slurp("$folder/customer.yaml"), $good, '... and leaves the old one');
    is(join(' ', map { s{.*/}{}r } glob "$folder/* $folder/.[a-z]*"),
       '00-policies.yaml customer.yaml', '... and nothing else');
}


# The command that shows the id that each name server has

{
    my $record = '_mta-sts TXT "v=STSv1; id=1;"';
    my $dns = MtaSts::Dns->nsd(zones => { 'example.com' => $record });
    my $port = $dns->port;
    my $command = snippet('docs/hosting.md', 'The order of every change', 3);

    ok($command =~ s{dig \+short NS}{dig \@127.0.0.1 -p $port +short NS}
       && $command =~ s{\@"\$server"}{\@127.0.0.1 -p $port},
       'the command that shows ids');
    my ($status, $out) = run('', 'sh', '-c', $command);
    like($out, qr/^_mta-sts\.example\.com\.\s+60\s+IN\s+TXT\s+"v=STSv1; id=1;"$/,
         '... shows id and TTL');
}


# Commands: each mta-sts of a document or of the manual is one that the helper
# takes.  Those that ask the network get no answer.

my $manual = slurp('man/mta-sts.1') =~ s/\\//gr;
my ($examples) = $manual =~ /^\.SH EXAMPLES\n(.*)^\.SH SEE ALSO/ms;
my %found;

for my $text ($examples, map { $_->{text} }
                         grep { $_->{lang} eq 'sh' }
                         map { @{ $blocks{$_} } } @documents)
{
    my $joined = $text =~ s/\\\n *//gr;

    for my $line (split /\n/, $joined) {
        while ($line =~ /(?:^|[\s|&(])mta-sts +((?:records|policy|list|check|plan|generate|import)\b[^|&>#;)]*)/g) {
            $found{$1 =~ s/\s+\z//r =~ s/"//gr
                   =~ s/\$domain\b/example.com/gr} = 1;
        }
    }
}

cmp_ok(scalar keys %found, '>=', 25, 'commands of the documents');

for my $command (sort keys %found) {
    my @words = split ' ', $command;
    my ($name) = @words;
    my @more;

    for my $i (reverse 1 .. $#words) {
        if ($words[$i] =~ /^-[cdo]$/) {
            splice @words, $i, 2;
        }
    }

    if ($name eq 'import') {
        spew("$dir/hand.conf", snippet('docs/moving.md', 'From an nginx.conf', 0,
                                       'nginx'));
        spew("$dir/names", "example.com\n");

        for my $i (1 .. $#words) {
            $words[$i] = "$dir/hand.conf" if $words[$i - 1] eq '--from-conf';
            $words[$i] = "$dir/names" if $words[$i - 1] eq '--domains-from';
        }

        my ($rc, undef, $err) = helper(@words, '--resolver', '127.0.0.1:1',
                                       '--timeout', '1s');
        is($rc, $command =~ /--from-conf/ ? 0 : 3, "mta-sts $command")
            or diag($err);
        next;
    }

    if ($command =~ /--tree/) {
        mkdir "$dir/tree";
        @words = map { $_ eq '/srv/mta-sts' ? "$dir/tree" : $_ } @words;
    }

    if ($command =~ /check|--served|--changed/) {
        push @more, '--resolver', '127.0.0.1:1', '--timeout', '1s';
    }

    if ($command =~ / -f octodns/ || $command =~ / -o /) {
        mkdir "$dir/out";
        push @more, '-o', "$dir/out";
    }

    if ($command =~ /^plan|--new|--removed|--state/) {
        mkdir "$dir/state";
        @words = grep { !m{^/var/lib/nginx-mta-sts$} } @words;
        @words = grep { $_ ne '--state' } @words;
        push @more, '--state', "$dir/state";
    }

    if ($name ne 'generate' && $command !~ /--no-config/) {
        push @more, '-d', "$dir/mta-sts.yaml";
    }

    my ($rc, $out, $err) = helper(@words, @more);
    my $offline = $command =~ /check|--served|--changed|^plan/;
    ok($offline ? $rc != 2 : $rc == 0, "mta-sts $command")
        or diag("$rc $err");
}


# The manual has each command, option and format of the usage, and no document
# has an option that there is not.

my $usage = join '', map {
    (helper($_, '--help'))[1]
} qw(records policy list check plan generate import reports follow);
my %options = map { $_ => 1 } $usage =~ /^ {4}(-\w|--[\w-]+)(?= |$)/mg;

cmp_ok(scalar keys %options, '>=', 25, 'options of the usage');

for my $command (
    qw(records policy list check plan generate import reports follow))
{
    my ($help) = (helper($command, '--help'))[1];
    my ($about) = $manual =~ /^\.SS mta-sts $command (.*?)^\.S[SH] /ms;
    my ($list) = ($about // '') =~ /^Options:\n(.*?)(?:^\.PP|\z)/ms;

    ok($list, "the manual has $command, and its options") or next;
    is(join(' ', sort $list =~ /(--?[a-z][a-z-]*)/g),
       join(' ', sort grep { $_ ne '-h' } $help =~ /^ {4}(-\w|--[\w-]+)(?= |$)/mg),
       '... all of them');

    my ($formats) = $help =~ /^formats:\n(.*)/ms;
    like($manual, qr/^(?:\.B )?\Q$_\E$/m, "... and format $_")
        for ($formats // '') =~ /^ {4}(\S+)/mg;
}

for my $option (sort keys %options) {
    ok($manual =~ /^\.B[IR]? $option\b/m, "the manual describes $option");
}

my %documented = map { $_ => 1 }
    map { $text{$_} =~ /`(--[a-z][a-z-]+)/g } @documents;

# those of nginx's configure, of external-dns and of node_exporter are not ours

ok($options{$_}, "the option $_ of the documents")
    for sort grep { !/^--(?:with-.*|source|managed-record-types|version|collector|web)$/ }
        keys %documented;
cmp_ok(scalar keys %documented, '>=', 15, 'options in the documents');


# What is built and installed: targets of the Makefile, and where the module is

my $makefile = slurp('Makefile');
my %targets = map { $_ => 1 } $makefile =~ /^([a-z][a-z_.-]*):/mg;

for my $document (@documents) {
    my %made = map { $_ => 1 } map { /(?:^|`)make ([a-z][a-z_.-]*[a-z])/mg }
               $text{$document} =~ s/^```(?:nginx|yaml).*?^```$//msgr;
    ok($targets{$_}, "$document: make $_") for sort keys %made;
}

my ($modules) = $makefile =~ /^MODULES_DIR *= *(\S+)/m;
like(snippet('README.md', 'Install', 1), qr/load_module
     \ \Q$modules\E\/ngx_http_mta_sts_module\.so;/x,
     'README.md loads what is installed');


# The rooms of docs/developing.md are those that tools/rooms verifies

my ($rooms) = slurp('tools/rooms') =~ /^rooms='(.*?)'/ms;
is(join(' ', section('docs/developing.md', 'Rooms') =~ /^\| `(\S+)` \|/mg),
   join(' ', split ' ', $rooms), 'docs/developing.md has the rooms in their order');


# The version is the same everywhere

my ($version) = $makefile =~ /^VERSION *= *(\S+)/m;
like($manual, qr/"nginx-mta-sts \Q$version\E"/, 'the version of the manual');

done_testing();
