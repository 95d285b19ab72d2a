#!/usr/bin/perl

# Debian's Apache and Caddy serve the tree of mta-sts policy --tree with the
# lines of docs/hosting.md, and a policy with those that the generator's page
# shows: mta-sts check finds nothing, and whatever else is asked for is 404.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Docs qw(snippet);
use MtaSts::Web;
use MtaSts::World;
use Test::More;

enter_world();

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $tree = "$dir/tree";
my $yaml = "$dir/d.yaml";
my $path = '/.well-known/mta-sts.txt';

my @names = qw(one two three page);
my $rua = 'tlsrpt_rua: mailto:tls@reports.example';

sub configure {
    my ($max_age) = @_;
    spew($yaml, "max_age: $max_age\n$rua\ndomains:\n" . join '', map {
        "  $_.example: {mode: enforce, mx: mx.one.example}\n" } @names);
}

configure('1w');

my %id = (helper('list', '-d', $yaml))[1]
         =~ /^(\w+)\.example +\S+ +\w+ +([0-9a-f]{20})/mg;

$world->dns("mx.one A 192.0.2.10\n" . join('', map { <<"EOZ" } @names), [], []);
mta-sts.$_ A 192.0.2.1
$_ MX 10 mx.one
_mta-sts.$_ TXT "v=STSv1; id=$id{$_};"
_smtp._tls.$_ TXT "v=TLSRPTv1; rua=mailto:tls\@reports.example"
EOZ
my $mx = $world->cert('mx', ['mx.one.example']);
$world->postfix('192.0.2.10' => ["smtpd_tls_chain_files=$mx.key,$mx.pem"]);

# certificates as certbot has them; one host has none yet

my $live = "$dir/live";

for my $host (map { "mta-sts.$_.example" } qw(one two page)) {
    run('', 'mkdir', '-p', "$live/$host");
    my $cert = $world->cert("live/$host/fullchain", [$host]);
    rename "$cert.key", "$live/$host/privkey.pem";
}

mkdir "$dir/bin";
symlink "$ENV{PWD}/$MtaSts::BUILD/mta-sts", "$dir/bin/mta-sts" or die;
$ENV{PATH} = "$dir/bin:$ENV{PATH}";

# the documents' folders are below that of the test

sub here {
    my ($text) = @_;
    return $text =~ s{/srv/mta-sts\b}{$tree}gr
        =~ s{/etc/mta-sts\.yaml}{$yaml}gr
        =~ s{/etc/letsencrypt/live}{$live}gr
        =~ s{/var/www/}{$dir/www/}gr
        =~ s{/etc/(?:apache2|caddy)/mta-sts\.hosts}{$dir/hosts}gr;
}

sub sh {
    my ($section, $n) = @_;
    my $script = here(snippet('docs/hosting.md', $section, $n, 'sh'));
    my ($status, $out, $err) = run('', 'sh', '-c', $script);
    is("$status$out$err", '0', "$section, command $n");
}


# The status that a server answers with.

sub ask {
    my ($host, $method, $target, $ca) = @_;
    my ($status, $out, $err) = run('', 'curl', '-sS', '--http1.1', '-i',
        '--max-time', 30, '--path-as-is', '-X', $method,
        $method eq 'HEAD' ? '-I' : (), '--cacert', $ca, '--resolve',
        lc($host) . ':443:192.0.2.1', "https://$host$target");
    return "$err" if $status;
    return ($out =~ m{\AHTTP/1\.1 (\d+)})[0];
}


sub check {
    my ($ca, @names) = @_;
    my ($status, $out, $err) = helper('check', '-d', $yaml, '--resolver',
        $world->resolver, '--ca', $ca, map { "$_.example" } @names);
    my @found = $out =~ /^ +(?:error|warning|note|unknown) +(\S+):/mg;
    return "$status$err" . join ' ', sort @found;
}


# A bundle of both authorities: that of the mail server is another one than
# Caddy's.

sub bundle {
    my ($file) = @_;
    spew("$dir/bundle.pem", slurp($world->ca) . slurp($file));
    return "$dir/bundle.pem";
}


sub tree_tests {
    my ($what, $ca, @names) = @_;

    is(check($ca, @names), '0', "$what: mta-sts check finds nothing");

    is(ask("MTA-STS.One.Example", 'GET', $path, $ca), 200, '... in capitals');
    is(ask('mta-sts.one.example', 'HEAD', $path, $ca), 200, '... HEAD');
    is(ask('mta-sts.one.example', 'GET', "$path?x=y", $ca), 200, '... a query');

    for my $other ('/', '/.well-known/', '/.well-known/mta-sts.txt/',
                   '/.well-known/.mta-sts.txt.new', '/.well-known/other.txt',
                   "/../mta-sts.two.example$path", "/x$path",
                   '/.well-known/mta-sts.txt/../other.txt',
                   '/%2e%2e/mta-sts.two.example/.well-known/mta-sts.txt')
    {
        like(ask('mta-sts.one.example', 'GET', $other, $ca), qr/^40[04]$/,
             "... not $other");
    }

    # a new policy is sent without a reload

    configure('2w');
    is((helper('policy', '--tree', $tree, '-d', $yaml))[0], 0, 'a change');
    is(check($ca, @names), '1' . join(' ', ('txt-id-differs') x @names),
       '... is served, and waits for its record');
    configure('1w');
    is((helper('policy', '--tree', $tree, '-d', $yaml))[0], 0, '... and back');
    is(check($ca, @names), '0', '... is served');
}


umask 022;
sh('Other web servers', 0);

spew("$tree/mta-sts.one.example/.well-known/other.txt", "secret\n");
spew("$tree/mta-sts.one.example/.well-known/.mta-sts.txt.new", "secret\n");

# Apache

{
    sh('Apache', 0);
    is(slurp("$dir/hosts"), join('', map { "Use MtaSts mta-sts.$_.example\n" }
                                     qw(one page two)),
       'the hosts that have a certificate');

    my $apache = MtaSts::Web->apache(here(snippet('docs/hosting.md', 'Apache',
                                                  0, 'apache')));
    tree_tests('Apache', $world->ca, qw(one two));
    $apache->stop;
}

# Caddy

spew("$tree/mta-sts.one.example/.well-known/other.txt", "secret\n");
spew("$tree/mta-sts.one.example/.well-known/.mta-sts.txt.new", "secret\n");

{
    sh('Caddy', 0);

    my $caddy = MtaSts::Web->caddy(here(snippet('docs/hosting.md', 'Caddy', 0,
                                                'caddy')),
                                   map { "mta-sts.$_.example" } @names);
    tree_tests('Caddy', bundle($caddy->ca), qw(one two three));
    $caddy->stop;
}


# What the generator's page shows, for the domain "page"

my $generator = MtaSts->new('server { listen 127.0.0.1:%%PORT0%%; '
                            . 'location / { mta_sts_generator; } }')->start;
my (undef, $html) = split_response($generator->get(0, 'localhost',
    path => '/?domain=page.example&mx=mx.one.example&mode=enforce&max_age=1w'));
$generator->stop;

sub shown {
    my ($id) = @_;
    my ($text) = $html =~ m{<code id="$id">(.*?)</code>}s
        or die "the page has no $id";
    my %entity = (lt => '<', gt => '>', amp => '&', quot => '"');
    return here($text =~ s/&(\w+);/$entity{$1} \/\/ die $1/ger);
}

my $file = "$dir/www/mta-sts.page.example/.well-known/mta-sts.txt";

like($html, qr{Save\ the\ policy\ as\ .*?/var/www/mta-sts\.page\.example
               /\.well-known/mta-sts\.txt}x,
     'the page says where the policy is');
run('', 'mkdir', '-p', $file =~ s{/[^/]+\z}{}r);
spew($file, (helper('policy', '-d', $yaml, 'page.example'))[1]);

for my $case (['Apache', sub { MtaSts::Web->apache(shown('apache')) }],
              ['Caddy', sub { MtaSts::Web->caddy(shown('caddy'),
                                               'mta-sts.page.example') }],
              ['nginx', sub { $world->nginx(shown('nginx')) }])
{
    my ($name, $start) = @$case;
    my $server = $start->();
    my $ca = $name eq 'Caddy' ? bundle($server->ca) : $world->ca;
    is(check($ca, 'page'), '0', "$name of the page: check finds nothing");
    is(ask('mta-sts.page.example', 'GET', '/', $ca) =~ /^40[34]$/, 1,
       '... and it lists no files');
    $server->stop;
}

$world->stop;
done_testing();
