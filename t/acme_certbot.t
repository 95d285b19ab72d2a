#!/usr/bin/perl

# Certificates with certbot, as README.md does it for one domain and
# docs/hosting.md for many: commands, hook and servers are those of the documents.
# The CA finds the policy hosts over IPv6 only.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Acme;
use MtaSts::Docs qw(snippet);
use Test::More;

delete @ENV{grep { /_proxy$|^PEBBLE_/i } keys %ENV};
$ENV{LC_ALL} = 'C';

my $document = 'docs/hosting.md';
my $steps = 'One domain, from nothing to `enforce`';

my $many = MtaSts::Acme::servers(snippet($document,
                                         'One server block for all', 0, 'nginx'));
my $one = snippet('README.md', $steps, 0, 'nginx');

$one =~ s{listen +443 ssl}{listen 127.0.0.1:%%PORT2%% ssl};
$one =~ s{listen +\[::\]:443 ssl}{listen [::1]:%%PORT2%% ssl};
$one =~ s{/etc/letsencrypt}{%%DIR%%/letsencrypt}g;

# what Debian's nginx has, for the name of README.md

my $stock = 'server { listen 127.0.0.1:%%PORT0%% default_server; '
    . 'listen [::1]:%%PORT0%% default_server; root %%DIR%%/html; '
    . 'server_name _ mta-sts.example.com; }';

my $yaml = <<'EOC';
policies:
  hosted: {mode: enforce, mx: [mx1.hoster.example]}
domains:
  a.example: hosted
  b.example: hosted
EOC

my $nginx = MtaSts->new($stock, 'mta-sts.yaml' => $yaml);
my $dir = $nginx->dir;
my $ca = MtaSts::Acme->new($nginx, '::1');


# Programs of the documents' commands: certbot has folders of its own and our CA,
# and what reloads nginx leaves a line.

mkdir "$dir/$_" or die "$dir/$_: $!" for qw(bin html letsencrypt);

sub program {
    my ($name, $text) = @_;
    spew("$dir/bin/$name", "#!/bin/sh\n$text\n");
    chmod 0755, "$dir/bin/$name";
}


program('sudo', 'exec "$@"');
program('nginx', "echo \"\$*\" >> $dir/reloads");
program('certbot', 'REQUESTS_CA_BUNDLE=' . $ca->api_ca . ' exec /usr/bin/certbot'
        . " \"\$@\" --config-dir $dir/letsencrypt --work-dir $dir/work"
        . " --logs-dir $dir/logs/certbot --server " . $ca->directory);

sub shell {
    my ($what, $command) = @_;
    local $ENV{PATH} = "$dir/bin:$ENV{PATH}";
    my ($status, $out, $err) = run('', 'sh', '-ec',
        MtaSts::Acme::commands($dir, $command) =~ s{/var/www/html}{$dir/html}r);
    is($status, 0, $what) or diag("$command\n$out$err", $ca->log);
    return $err;
}


sub served {
    my ($n, $domain) = @_;
    my $host = "mta-sts.$domain";
    my ($status, $policy) = helper('policy', '-c', "$dir/nginx.conf", $domain);
    my $got = $nginx->get($n, $host, sni => $host);
    is((split_response($got))[1], $policy, "$domain: the policy, verified TLS");
}


shell('the folders', snippet($document, 'Certificates', 1, 'sh'));
spew("$dir/deploy", MtaSts::Acme::commands($dir,
     snippet($document, 'Certificates', 0, 'sh')));
chmod 0755, "$dir/deploy";

$nginx->start;


# one domain

shell('certbot register', snippet($document, 'certbot', 0));
shell('certbot: the step of README.md', snippet('README.md', $steps, 0, 'sh'));

ok(-s "$dir/letsencrypt/live/mta-sts.example.com/fullchain.pem",
   '... a certificate');
is(slurp("$dir/reloads"), "-s reload\n", '... and a reload');

$nginx->conf("$stock\n$one");
ok($nginx->reload, 'nginx reloads with the server of README.md');
served(2, 'example.com');


# many domains

$nginx->conf("$stock\n$one\n$many");
ok($nginx->reload, 'nginx reloads with the servers of docs/hosting.md');
like($nginx->get(1, 'mta-sts.a.example', sni => 'mta-sts.a.example'),
     qr/^TLS: .*alert/, 'a.example: no certificate, the handshake fails');

my $certonly = snippet($document, 'certbot', 1);

# the domain of README.md has its own, and is left alone

shell('certbot for all hosts', $certonly);
served(1, $_) for 'a.example', 'b.example';
served(2, 'example.com');

# who can read the keys: root those of certbot, the workers' group the copies

for my $host (map { "mta-sts.$_" } 'a.example', 'b.example') {
    my $original = "$dir/letsencrypt/live/$host/privkey.pem";
    my $copy = "$dir/certs/$host/privkey.pem";

    is(slurp($copy), slurp($original), "$host: a copy of the key");
    is(sprintf('%o', (stat $original)[2] & 0777), '600', '... of one that is closed');
    is(sprintf('%o', (stat $copy)[2] & 0777), '640', '... open to a group');
    is((stat $copy)[5], $> == 0 ? scalar getgrnam 'www-data' : (split ' ', $))[0],
       '... which is that of the workers');
}

# again: nothing to do; then a renewal, as the timer does it

my $cert = "$dir/certs/mta-sts.a.example/fullchain.pem";
my $key = slurp("$dir/certs/mta-sts.a.example/privkey.pem");
my $first = slurp($cert);

shell('certbot again', $certonly);
is(slurp($cert), $first, '... leaves certificates alone');

shell('certbot renews', 'certbot renew -q --force-renewal '
      . '--no-random-sleep-on-renew </dev/null');
isnt(slurp($cert), $first, '... and the hook copies the new certificate');
is(slurp("$dir/certs/mta-sts.a.example/privkey.pem"), $key,
   '... the key is the same');
is(slurp("$dir/reloads"), "-s reload\n" x 2, '... and the other hook reloads');
served(1, $_) for 'a.example', 'b.example';

# a domain leaves

shell('certbot delete', snippet($document, 'certbot', 2)
                        =~ s/example\.com/b.example/r);
ok(!-e "$dir/letsencrypt/live/mta-sts.b.example", '... and it is not renewed');

$nginx->stop(qr/cannot load certificate/);

is(join(' ', map { glob "$dir/$_/.well-known/acme-challenge/*" } 'www', 'html'),
   '', 'no challenge is left over');

done_testing();
