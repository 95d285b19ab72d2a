#!/usr/bin/perl

# The policy generator over plain bytes: where its directive is allowed, what it
# answers to any query, and that what it shows is what mta-sts generate prints
# and what an nginx with the shown server block serves.
#
# MTA_STS_TEST_SEED repeats a run of the random queries.

use strict;
use warnings;
no warnings 'qw';

use lib 't/lib';
use Encode qw(decode);
use JSON::PP;
use MtaSts;
use Test::More;

use constant QUERIES => 10_000;
use constant BATCH   => 50;

my $json = JSON::PP->new->utf8;


# Where the directive is allowed

my $server = 'server { listen 127.0.0.1:%%PORT0%%; server_name '
    . 'mta-sts.example.com; mta_sts_mx a.example;';
my $directive = '"mta_sts_generator" directive';

my @refused = (
    ['mta_sts_generator;', "$directive is not allowed here", 2],
    ["$server\nmta_sts_generator; }", "$directive is not allowed here", 3],
    ["$server\nlocation / { if (\$args) {\nmta_sts_generator; } } }",
     "$directive is not allowed here", 4],
    ["$server\nlocation / { limit_except GET {\nmta_sts_generator; } } }",
     "$directive is not allowed here", 4],
    ["$server\nlocation / {\nmta_sts_generator on; } }",
     'invalid number of arguments in "mta_sts_generator" directive', 4],
    ["$server\nlocation / { mta_sts_generator;\nmta_sts_generator; } }",
     "$directive is duplicate", 4],
);

for my $case (@refused) {
    my ($conf, $text, $line) = @$case;
    my ($rc, $said) = MtaSts->new($conf)->test;
    is($rc, 1, "refused: $conf");
    like($said, qr{\Q$text\E in \S+/nginx\.conf:$line$}m, '... in these words');
}


# An instance with all kinds of locations

my $nginx = MtaSts->new(<<'EOC');
large_client_header_buffers 4 64k;
server {
    listen       127.0.0.1:%%PORT0%%;
    server_name  mta-sts.example.com;
    keepalive_requests 100000;

    mta_sts_mx   mail.example.com;

    location = / { mta_sts_generator; }
    location = /generator { mta_sts_generator; }
    location /tools/ { mta_sts_generator; }
    location / { return 404 "the rest of the server\n"; }
}
server {
    listen        127.0.0.1:%%PORT1%%;
    server_name   any;
    merge_slashes off;
    location / { mta_sts_generator; }
}
EOC

$nginx->start;


sub get { return $nginx->get(0, 'mta-sts.example.com', path => @_) }

sub status { return $_[0] =~ m{^HTTP/1\.[01] (\d+) } ? $1 : $_[0] }

sub body { return (split_response($_[0]))[1] }


# Fields as a browser sends them; the same name may come again.

sub query {
    my @pairs;

    while (my ($name, $value) = splice @_, 0, 2) {
        $value =~ s/\n/\r\n/g;
        $value =~ s/([^A-Za-z0-9*._ -])/sprintf '%%%02X', ord $1/ge;
        $value =~ tr/ /+/;
        push @pairs, "$name=$value";
    }

    return join '&', @pairs;
}


sub object {
    my ($response) = @_;
    my $object = eval { $json->decode(body($response)) };
    fail("JSON: $@" . body($response)) if $@;
    return $object // {};
}


sub unescape {
    my ($text) = @_;
    my %named = (lt => '<', gt => '>', quot => '"', amp => '&');
    $text =~ s/&(?:#39|(lt|gt|quot|amp));/$1 ? $named{$1} : "'"/ge;
    return $text;
}


# The text of the element with an id; undef without one.

sub content {
    my ($html, $id) = @_;
    my ($tag, $rest) = $html =~ /<(\w+)\b[^>]*\bid="\Q$id\E"[^>]*>(.*)/s
        or return;

    my ($text) = $rest =~ m{^(.*?)</$tag>}s;

    # HTML drops the first line end of these

    $text =~ s/^\n// if $tag =~ /^(?:pre|textarea)$/;
    $text =~ s/<[^>]*>//g unless $tag eq 'textarea';
    return unescape($text);
}


# The value of a field in the form.

sub typed {
    my ($html, $id) = @_;
    return content($html, $id) if $html =~ /<textarea\b[^>]*\bid="$id"/;

    my ($input) = $html =~ /(<input\b[^>]*\bid="\Q$id\E"[^>]*>)/ or return;
    return unescape($input =~ /\bvalue="([^"]*)"/ ? $1 : '');
}


sub chosen {
    my ($html, $select) = @_;
    my ($options) = $html =~ m{<select\b[^>]*\bid="$select"[^>]*>
                               (.*?)</select>}xs;
    return join ' ', $options =~ /<option value="(\w+)"[^>]* selected\b/g;
}


sub checked {
    my ($html) = @_;
    return join ' ', map { /\bvalue="(\w+)"/ }
                     grep { /\bname="mode"/ && /\schecked\b/ }
                     $html =~ /(<input\b[^>]*>)/g;
}


# The paths that it answers

my $empty = body(get('/'));
my $scripts = () = $empty =~ /<script/gi;

cmp_ok($scripts, '>', 0, 'the page has a script');

for my $path ('/', '/generator', '/tools/', '/tools/any/other', '/?', '/?&&') {
    my $response = get($path);
    is(status($response), 200, "$path: 200");
    is(fields($response, 'Content-Type'), 'text/html; charset=utf-8',
       '... HTML');
    is(fields($response, 'Content-Length'), length body($response),
       '... its length');
    like(body($response), qr/^<!DOCTYPE html>.*<\/html>\n\z/si, '... a page');
    like(body($response), qr/<section id="result" [^>]*class="example">/,
         '... with an example');
    unlike(body($response), qr/\{[{%]|[%}]\}/, '... with no tag of the template');
    unlike(body($response), qr/\bid="error-\w+"[^>]*>[^<\s]/,
           '... with no error');
}

is(status(get('/generator/')), 404, 'other paths are not touched');
like(get('/.well-known/mta-sts.txt'), qr/\r\n\r\nversion: STSv1\r\n/,
     'the policy is served next to it');

for my $path ('/', '/?file=style.css', '/?file=script.js', '/?format=json',
              '/?domain=example.com&mx=a.example&format=policy',
              '/?domain=example.com&mx=a.example', '/?domain=%00',
              '/?domain=_&format=json')
{
    my $response = get($path);
    my $policy = fields($response, 'Content-Security-Policy');
    like($policy, qr/^default-src 'none';/, "$path: nothing by default");
    unlike($policy, qr/unsafe|data:|\*|http/, '... nothing unsafe');
    like($policy, qr/\b\Q$_\E(?:;|$)/, "... $_")
        for "script-src 'self'", "style-src 'self'", "form-action 'self'",
            "base-uri 'none'", "frame-ancestors 'none'";
    is(fields($response, 'X-Content-Type-Options'), 'nosniff', '... nosniff');
    is(fields($response, 'Referrer-Policy'), 'no-referrer',
       '... no-referrer');

    my $head = $nginx->get(0, 'mta-sts.example.com', path => $path,
                           method => 'HEAD');
    is(body($head), '', '... HEAD: no body');
    is((split_response($head))[0] =~ s/^Date:.*\n//mr,
       (split_response($response))[0] =~ s/^Date:.*\n//mr,
       '... HEAD: the same header');
}

for my $method (qw(POST PUT DELETE OPTIONS PATCH)) {
    my $response = $nginx->get(0, 'mta-sts.example.com', path => '/',
                               method => $method, body => 'domain=a',
                               headers => ['Content-Length: 8']);
    is(status($response), 405, "$method: 405");
    is(body($response), '', '... without a page of nginx');
    is(fields($response, 'Allow'), 'GET, HEAD', '... Allow');
}

is(status($nginx->get(0, 'mta-sts.example.com', path => '/', body => 'abc',
                      headers => ['Content-Length: 3'])), 200,
   'GET with a body');


# The files of the page

my @types = (['style.css', 'text/css', 'max-age=86400'],
             ['script.js', 'text/javascript', 'max-age=86400']);

for my $case (@types) {
    my ($file, $type, $cache) = @$case;
    my $response = get("/?file=$file");
    is(status($response), 200, "$file: 200");
    is(body($response), slurp("src/generator/web/$file"),
       '... the bytes of the file');
    is(fields($response, 'Content-Type'), $type, '... its type');
    is(fields($response, 'Cache-Control'), $cache, '... Cache-Control');

    my ($url) = $empty =~ /"([^"]*\?file=\Q$file\E[^"]*)"/;
    like($url, qr{^\?file=\Q$file\E&amp;\w+=[0-9a-f]{8}$},
         '... has a version in the page');
    is(body(get('/' . unescape($url))), body($response),
       '... and that URL has it');
}

is(fields(get('/'), 'Cache-Control'), 'no-cache', 'the page: Cache-Control');
is(fields(get('/?format=json'), 'Content-Type'), 'application/json',
   'JSON: its type');

for my $file (qw(page.html Style.css style.cs style.css2 ../style.css
                 ..%2Fgenerator.c %2Fetc%2Fpasswd .))
{
    is(status(get("/?file=$file")), 404, "file $file: 404");
}

is(status(get('/?file=')), 404, 'file without a name: 404');
is(status(get('/?domain=a&file=style.css')), 400, 'file as a field: 400');

is_deeply([grep { !m{^(?:\?|\#|https://www\.rfc-editor\.org/
                      |https://mta-sts\.example\.com/)}x }
           $empty =~ /\b(?:src|href|action)="([^"]*)"/g], [],
          'all URLs of the page are relative, or links to RFCs and policies');
unlike($empty, qr/<(?:script|link|img|iframe|form)\b[^>]*"https?:/,
       '... and its files are from here');
unlike($empty, qr/<style\b|<script>/i, 'the page has nothing inline');


# The page's own URL is "?", whatever the path

for my $path ('//evil.example/', '//evil.example/x', '///evil.example//',
              '/%2F/evil.example/', '/\\evil.example\\', '/a/b/c',
              '/javascript:alert(1)', '/%22%3E%3Cscript%3E', '/%3Fa%23b',
              '/a&b', '/%0D%0Ax:y', '/%E2%80%A8', '/%FF', '/.', '/a/..//b.c/')
{
    my $response = $nginx->get(1, 'any', path => $path);
    my $html = body($response);
    is(status($response), 200, "path $path: 200");

    my ($action) = $html =~ /<form\b[^>]*\baction="([^"]*)"/;
    is($action, '?#result', '... relative');
    is(() = $html =~ /<script/gi, $scripts, '... has no other script');

    my @urls = $html =~ /\b(?:src|href|action)="((?!#|https:)[^"]*)"/g;
    is_deeply([grep { !/^\?/ } @urls], [],
              '... and so is all else');
    unlike($html, qr/evil\.example/, '... with no host') if $path =~ /\/$/;
    unlike((split_response($response))[0], qr/^x:/m, '... nor a header');
}


# Valid input: domain as typed and as it is, other fields, options

my $many = join "\n", map { "mx$_.mail.example.com" } 1 .. 16;
my @cases = (
    ['testing.example', 'testing.example',
     [mode => 'testing', mx => 'mail.testing.example', max_age => '604800']],
    ['enforce.example', 'enforce.example',
     [mode => 'enforce', mx => "mx1.enforce.example\n*.mx.enforce.example\n",
      max_age => '31557600', tlsrpt_rua => 'mailto:tls@enforce.example']],
    ['none.example', 'none.example',
     [mode => 'none', mx => 'mail.none.example', max_age => '86400']],
    ['bare.example', 'bare.example',
     [mode => 'none', mx => '', max_age => '86400', max_age_other => '',
      tlsrpt_rua => 'https://bare.example/v1/tls-rpt?a=b&c=%2C']],
    ["b\xc3\xbccher.example", 'xn--bcher-kva.example',
     [mode => 'enforce',
      mx => "MX.B\xc3\xbccher.example\n*.B\xc3\x9cCHER.example.",
      max_age => 'other', max_age_other => '2w',
      tlsrpt_rua => "mailto:tls\@xn--bcher-kva.example"]],
    [' Mail.CASE.Example. ', 'mail.case.example',
     [mode => ' testing ', mx => "\n\n  A.Example.\t\n b.example  ",
      max_age => ' 3d ']],
    ['rua.example', 'rua.example',
     [mx => 'mx.rua.example', tlsrpt_rua => "mailto:a\@rua.example\n"
      . 'https://rua.example/a;b!c,d?e=%7B$x']],
    ['list.example', 'list.example',
     [mx => 'a.example', mx => "b.example\nc.example", mx => '',
      tlsrpt_rua => 'mailto:a@a.example', tlsrpt_rua => 'mailto:b@b.example']],
    ['defaults.example', 'defaults.example', [mx => 'mx.defaults.example']],
    ['warn.example', 'warn.example',
     [mode => 'enforce', mx => "a.example\nA.example", max_age => 'other',
      max_age_other => '1h']],
    ['many.example', 'many.example',
     [mode => 'enforce', mx => $many, max_age => '2592000']],
    ['1.2.3.x.example', '1.2.3.x.example', [mx => '*.1e5.example']],
    ['no.example', 'no.example', [mx => "null.example\nyes.example"]],
    ['a' x 30 . '.example', 'a' x 30 . '.example',
     [mx => join('.', ('m' x 60) x 4) . '.example',
      tlsrpt_rua => join "\n", map { "https://reports.example/$_/" . 'x' x 70 }
                        1 .. 3]],
);

# the mx of the last one, cut to the longest name

$cases[-1][2][1] = join '.', ('m' x 60) x 4, 'example';

my %options = (mode => '--mode', mx => '--mx', max_age => '--max-age',
               tlsrpt_rua => '--tlsrpt-rua');


# The same as options of mta-sts generate.

sub options {
    my @fields = @_;
    my (@options, %value);

    while (my ($name, $value) = splice @fields, 0, 2) {
        $value{$name} = $value;
        next if $name eq 'max_age_other'
            || ($name eq 'max_age' && $value eq 'other');
        push @options, map { $options{$name}, $_ } split ' ', $value;
    }

    push @options, '--max-age', $value{max_age_other}
        if ($value{max_age} // '') eq 'other';

    return @options;
}


sub generate {
    my ($rc, $out, $err) = helper('generate', @_);
    is($rc, 0, "mta-sts generate @_") or diag($err);

    my ($policy, $zone, $block) = $out =~ m{
        ^\#\ Policy,\ at\ \S+:\n\n (.*) \n
        \#\ DNS\ records,\ as\ lines\ of\ a\ zone\ file:\n\n (.*) \n
        \#\ The\ same\ records,\ for\ the\ form\ of\ a\ DNS\ panel:\n\n .* \n
        \#\ nginx\ server\ block:\n\n (.*) \z
    }xs;

    return ($policy, $zone, $block, $out, $err);
}


# Records as lines of a zone file with one string for each text.

sub zone_of {
    my ($object) = @_;
    return join '', map {
        "$_->{name}. $_->{ttl} IN $_->{type} \"$_->{value}\"\n"
    } @{ $object->{records} };
}

# The formats that have buttons, and the options of mta-sts generate.

my %formats = (
    (map { $_ => [$_] }
     qw(nsupdate powerdns octodns dnscontrol external-dns text)),
    (map { ("terraform-$_" => ['terraform', '--provider', $_]) }
     qw(route53 cloudflare)),
);

my (%policies, %blocks, %objects);

for my $case (@cases) {
    my ($typed, $domain, $fields) = @$case;
    my @fields = (domain => $typed, @$fields);
    my $query = query(@fields);

    my ($policy, $zone, $block, $all, $warned)
        = generate(options(@$fields), $typed =~ s/^\s+|\s+$//gr);

    my $response = get("/?$query&format=policy");
    is(status($response), 200, "$domain: format=policy");
    is(body($response), $policy, '... has the bytes of mta-sts generate');
    is(fields($response, 'Content-Type'), 'text/plain', '... their type');
    is(fields($response, 'Content-Disposition'),
       'attachment; filename="mta-sts.txt"', '... as a file');
    is(fields($response, 'Cache-Control'), 'no-cache', '... not kept');

    $response = get("/?$query&format=json");
    is(status($response), 200, "$domain: format=json");
    is(fields($response, 'Content-Type'), 'application/json', '... its type');

    my $object = object($response);
    my %extra = map { $_ => delete $object->{$_} }
        qw(policy policy_url server yaml warnings);

    is($object->{domain}, $domain, '... the domain');
    is($extra{policy}, $policy, '... the policy');
    is($extra{policy_url}, "https://mta-sts.$domain/.well-known/mta-sts.txt",
       '... its URL');
    like($all, qr/^# Policy, at \Q$extra{policy_url}\E:$/m,
         '... as in mta-sts generate');
    is($extra{server}, $block, '... the server block');
    is(zone_of($object), $zone =~ s/" "//gr, '... the records');
    is_deeply([map { "mta-sts: warning: $_" } @{ $extra{warnings} }],
              [split /\n/, $warned], '... the warnings');

    my $file = $nginx->dir . '/shown.yaml';
    spew($file, $extra{yaml});
    my ($rc, $out, $err) = helper('records', '-f', 'json', '-d', $file);
    is($rc, 0, "$domain: its YAML is a domains file") or diag($err);
    is_deeply($json->decode($out || '[]'), [$object], '... of the same policy');
    (undef, $out) = helper('policy', '-d', $file, $domain);
    is($out, $policy, '... with the same bytes');

    # what a page shows

    my $html = body(get("/?$query"));
    is(content($html, 'policy'), $policy =~ tr/\r//dr,
       "$domain: the page shows the policy");
    is(content($html, 'server'), $block, '... the server block');
    is(content($html, 'yaml'), $extra{yaml}, '... the YAML');

    for my $record (@{ $object->{records} }) {
        my $key = $record->{name} =~ /^_smtp/ ? 'tlsrpt' : 'sts';
        my $host = $record->{name} =~ s/\.\Q$domain\E$//r;
        is(content($html, "record-$key-host"), $host, "... $key: Host");
        is(content($html, "record-$key-value"), $record->{value},
           '... Value');
    }

    is(!defined content($html, 'record-tlsrpt-value'), !grep({ $_ eq 'tlsrpt_rua' }
       @$fields), '... TLSRPT when there is an address');

    my $warnings = () = map { index($html, $_) >= 0 ? $_ : () }
        map { s/&/&amp;/gr =~ s/"/&quot;/gr }
        map { labelled($_) } @{ $extra{warnings} };
    is($warnings, scalar @{ $extra{warnings} }, '... the warnings');

    # each button of the page: the same as the formats of mta-sts generate

    my @formats = $html =~ /<button form="form" [^>]*name="format" value="([^"]+)">/g;

    is(join(' ', sort @formats), join(' ', sort qw(policy json), keys %formats),
       '... a button for each format');

    for my $format (sort keys %formats) {
        my $got = get("/?$query&format=$format");
        my (undef, $printed) = helper('generate', options(@$fields), '-f',
                                      @{ $formats{$format} },
                                      $typed =~ s/^\s+|\s+$//gr);
        is(status($got) . body($got), "200$printed",
           "... $format as mta-sts generate");
        is(fields($got, 'Content-Type'), 'text/plain', '... its type');
    }

    is(body(get("/?$query&format=zone")), $zone, '... and zone');
    is(content($html, 'zone'), $zone, '... which the page shows');

    # the form is as it was

    my %value;
    while (my ($name, $value) = splice @fields, 0, 2) {
        push @{ $value{$name} }, $value;
    }

    # without the spaces around a single value

    for my $name (qw(domain mode max_age max_age_other)) {
        s/^\s+|\s+$//g for @{ $value{$name} // [] };
    }

    is(typed($html, $_), join("\n", @{ $value{$_} // [''] }),
       "... $_ as typed") for qw(domain mx tlsrpt_rua);
    is(checked($html), $value{mode}[0] // 'testing',
       '... mode as chosen');

    my $age = $value{max_age}[0] // '604800';
    my $listed = $age =~ /^(?:86400|604800|2592000|31557600)$/;
    is(chosen($html, 'max_age'), $listed ? $age : 'other',
       '... max_age as chosen');
    is(typed($html, 'max_age_other'), $value{max_age_other}[0] // $age,
       '... and the other one') unless $listed;

    $policies{$domain} = $policy;
    $blocks{$domain} = $block;
    $objects{$domain} = $object;
}


# The shown server blocks, in a real nginx, with a certificate of our own

my $shown = MtaSts->new('');

make_cert($shown->dir, 'cert', map { "mta-sts.$_" } sort keys %blocks);

my $changed = 0;
for (values %blocks) {
    $changed += s{^    listen              443 ssl;$}
                 {    listen 127.0.0.1:%%PORT0%% ssl;}m;
    $changed += s{^    listen              \[::\]:443 ssl;\n}{}m;
    $changed += s{/etc/letsencrypt/live/mta-sts\.\S+/fullchain\.pem}
                 {%%DIR%%/cert.pem};
    $changed += s{/etc/letsencrypt/live/mta-sts\.\S+/privkey\.pem}
                 {%%DIR%%/cert.key};
}

is($changed, 4 * keys %blocks, 'listen and certificate are in each block');

$shown->conf(join '', map { $blocks{$_} } sort keys %blocks);
$shown->start;

for my $domain (sort keys %blocks) {
    my $response = $shown->get(0, "mta-sts.$domain", sni => "mta-sts.$domain");
    is(status($response), 200, "$domain: a real nginx takes the block");
    is(body($response), $policies{$domain}, '... and serves the policy');
}

my (undef, $records) = helper('records', '-c', $shown->dir . '/nginx.conf',
                              '-f', 'json');
is_deeply({ map { $_->{domain} => $_ } @{ $json->decode($records) } },
          \%objects, 'mta-sts records on these blocks says the same');

$shown->stop;


# The shown server block for an nginx without the module, with the file

{
    my ($domain) = sort keys %blocks;
    my $html = body(get("/?domain=$domain&mx=a.example"));
    my $plain = MtaSts->new('');
    my $root = $plain->dir . '/root';
    my $block = content($html, 'nginx');

    make_cert($plain->dir, 'cert', "mta-sts.$domain");
    mkdir $root;
    mkdir "$root/.well-known";
    spew("$root/.well-known/mta-sts.txt",
         content($html, 'policy') =~ s/\n/\r\n/gr);

    my $edits = $block =~ s{listen              443 ssl;}
                           {listen 127.0.0.1:%%PORT0%% ssl;};
    $edits += $block =~ s{    listen              \[::\]:443 ssl;\n}{};
    $edits += $block =~ s{/etc/letsencrypt/live/\S+/fullchain\.pem}
                         {%%DIR%%/cert.pem};
    $edits += $block =~ s{/etc/letsencrypt/live/\S+/privkey\.pem}
                         {%%DIR%%/cert.key};
    $edits += $block =~ s{/var/www/mta-sts\.\Q$domain\E;}{$root;};
    is($edits, 5, 'the block without the module has what is in each');

    $plain->conf($block);
    $plain->start;

    my $response = $plain->get(0, "mta-sts.$domain", sni => "mta-sts.$domain");
    is(status($response), 200, '... nginx takes it');
    is(body($response), body(get("/?domain=$domain&mx=a.example&format=policy")),
       '... and serves the policy');
    is(fields($response, 'Content-Type'), 'text/plain', '... as text');

    $plain->stop;
}



# The helper reads a configuration with the page

my ($rc, $out, $err) = helper('records', '-c', $nginx->dir . '/nginx.conf');
is("$rc $err", '0 ', 'mta-sts reads the configuration of a page');
like($out, qr/^_mta-sts\.example\.com\. /, '... and its server');


# An error is shown at its field, with the text of mta-sts generate

my $label = 'a' x 64;
my %good = (domain => 'example.com', mode => 'enforce', mx => 'mx.example.com',
            max_age => '86400', tlsrpt_rua => 'mailto:tls@example.com');
my @mistakes = (
    (map { ['domain', $_] } '', 'exa_mple.com', '*.example.com', '192.0.2.1', 'a..example',
     "$label.example", 'a,b', 'a b', '-a.example', "a\xe2\x80\xaeb.example",
     '"><script>alert(1)', "\xf0\x9f\x92\xa9 x",
     join('.', ($label =~ s/^a//r) x 5), '&lt;', '%s%n', '\\', '{{domain}}'),
    (map { ['mode', $_] } 'Enforce', 'enforced', '"><script>', 'testing none'),
    (map { ['mx', $_] } 'mx_1.example', '192.0.2.1', '[2001:db8::1]',
     'b@example.com', '*', '*.', 'mx.*.example',
     'https://a.example', "a.example\nb..example\n_.example",
     "$label.example", "a.example\xe2\x80\xa8b.example", "</textarea><script>",
     "{{mx}}"),
    (map { ['max_age', $_] } '0', '-1', '1x', '99999999', '1.5', 'one week',
     '31557601', '18446744073709551617', '"><script>', "1d\xc3\xa9"),
    (map { ['max_age_other', $_] } '', '0', 'x', "' onx="),
    (map { ['tlsrpt_rua', $_] } 'example.com', 'ftp://example.com/', 'mailto:',
     "mailto:b\xc3\xbc\@example.com", 'javascript:alert(1)', 'https://',
     "mailto:a\@a.example\nx", '<script>', 'mailto:a@a.example,b@b.example'),
);

# options take one value each; lists are words

sub refusal {
    my ($field, $value) = @_;
    my %value = (%good, max_age_other => '');
    $field eq 'max_age_other' ? @value{qw(max_age max_age_other)}
                                = ('other', $value)
                              : ($value{$field} = $value);

    my @list = map { ($options{$_}, $value{$_}) } qw(mode);
    push @list, map { ('--mx', $_) } split ' ', $value{mx};
    push @list, '--max-age=' . ($value{max_age} eq 'other'
                                ? $value{max_age_other} : $value{max_age});
    push @list, map { ('--tlsrpt-rua', $_) } split ' ', $value{tlsrpt_rua};

    my ($status, undef, $said) = helper('generate', @list, '--',
                                        $value{domain});
    is($status, 1, "mta-sts generate refuses $field $value");

    return (\%value, $said =~ s/^mta-sts: warning: .*\n//gmr
                           =~ s/^mta-sts: (.*)\n\z/$1/r);
}

# A message as the page has it, with the labels of fields.

sub labelled {
    my ($text) = @_;
    my %labels = (mx => 'mail server', max_age => 'lifetime',
                  tlsrpt_rua => 'report address');

    return 'enter your domain, such as example.com'
        if $text =~ /^invalid domain "",/;
    return join '', map { s/\b(mx|max_age|tlsrpt_rua)\b/$labels{$1}/g if !/^"/;
                          $_ } split /("[^"]*")/, $text;
}

for my $mistake (@mistakes) {
    my ($field, $value) = @$mistake;
    my $error = $field =~ s/_other//r;
    my ($all, $text) = refusal($field, $value);
    my $query = query(map { $_ => $all->{$_} } sort keys %$all);

    my $response = get("/?$query&format=json");
    is(status($response), 400, "$field: 400");
    utf8::decode(my $characters = $text);
    is_deeply(object($response), { errors => { $error => $characters } },
              '... the text in JSON');

    for my $more ('', '&format=policy', '&format=zone') {
        $response = get("/?$query$more");
        my $html = body($response);
        is(status($response), $more ? 400 : 200, "... the page$more");
        is(content($html, "error-$error"), labelled($text),
           '... has the text');
        is(content($html, 'policy'), undef, '... and no policy');
        is(() = $html =~ /<script/gi, $scripts, '... nor a script');

        for my $name (qw(domain mx tlsrpt_rua)) {
            is(typed($html, $name), $all->{$name}, "... $name as typed");
            ok(!length(content($html, "error-$name") // '' =~ s/\s//gr),
               "... $name has no error") if $name ne $error;
        }

        is(checked($html), $field eq 'mode' ? 'testing' : 'enforce',
           '... the mode');
        is(chosen($html, 'max_age'), $error eq 'max_age' ? 'other' : '86400',
           '... the max_age');
        is(typed($html, 'max_age_other'), $value, '... as typed')
            if $error eq 'max_age';
    }
}

# a missing mx is an error of the mx

for my $mode (qw(testing enforce)) {
    my $response = get("/?domain=example.com&mode=$mode&format=json");
    is_deeply(object($response), { errors => {
        mx => "mode \"$mode\" needs at least one mx" } }, "$mode without mx");
}

# an error in each field

my $response = get('/?domain=_&mode=x&mx=_&max_age=x&tlsrpt_rua=x&format=json');
is(status($response), 400, 'an error in each field: 400');
is_deeply([sort keys %{ object($response)->{errors} }],
          [qw(domain max_age mode mx tlsrpt_rua)], '... all reported');

my $html = body(get('/?domain=_&mode=x&mx=_&max_age=x&tlsrpt_rua=x'));
like(content($html, "error-$_"), qr/invalid/, "... in the page, at $_")
    for qw(domain mode mx max_age tlsrpt_rua);

is_deeply(object(get('/?format=json')),
          { errors => { domain => 'invalid domain "", must not be empty' } },
          'JSON of nothing');


# Queries that the page itself never sends

my $first = 'domain=example.com&mx=a.example&tlsrpt_rua=mailto:a@a.example';
my @broken = (
    (map { [$_, '"%" must be followed by two hex digits'] }
     'domain=%', 'domain=%4', 'domain=%zz', 'domain=%4g',
     'domain=a%&mx=%41', 'domain=%%41', 'domain=%+1', 'domain=%-1'),
    (map { [$_, 'has a control character'] }
     'domain=%00', 'domain=a%00b', 'mx=%1b', 'mx=%7F',
     'tlsrpt_rua=%c2%80', 'mx=a%08'),
    (map { [$_, 'not UTF-8'] }
     'domain=%FF', "domain=\xff", 'mx=%C3', 'mx=%c0%80', 'mx=%E0%80%80',
     'mx=%ED%A0%80', 'mx=%F4%90%80%80', 'mx=%f0%80%80%80', 'mx=%80',
     'mx=%F8%88%80%80%80', 'mx=%C3%28', 'mx=%C3&tlsrpt_rua=%BC'),
    (map { ["$first&$_=a&$_=a", "duplicate \"$_\""] }
     qw(mode max_age max_age_other format)),
    ["$first&domain=example.com", 'duplicate "domain"'],
    (map { ["$first&$_->[0]=1", "unknown field \"$_->[1]\""] }
     ['x', 'x'], ['Domain', 'Domain'], ['mod', 'mod'], ['file', 'file'],
     ['d%6fmain', 'd%6fmain'], ["%00\x80", '?'], ['%FF', '%FF'],
     ['', '']),
);

# A value that is not text is an error of its field; all else of the query.

sub no_text {
    my ($value) = @_;
    return 1 if $value =~ /%(?![0-9A-Fa-f]{2})/;
    $value =~ s/%(..)/chr hex $1/ge;
    return $value =~ /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]/
        || !defined eval { decode('UTF-8', $value, Encode::FB_CROAK) };
}

for my $case (@broken) {
    my ($query, $text) = @$case;
    my $page = get("/?$query");
    my $name = $query =~ s/[^\x21-\x7e]/./gr;

    my %fields = $query =~ /(?:^|&)(domain|mx|tlsrpt_rua)=([^&]*)/g;
    my @wrong = $text =~ /^duplicate/ ? ()
              : grep { no_text($fields{$_}) } sort keys %fields;
    my $expect = @wrong ? 200 : 400;
    @wrong = ('query') unless @wrong;

    is(status($page), $expect, "$name: $expect");
    like(fields($page, 'Content-Type'), qr/^text\/html/, '... a page');
    is(content(body($page), "error-$_"), $text, "... the message at $_")
        for @wrong;
    is(content(body($page), 'policy'), undef, '... and no policy');

    next if $query =~ /format=/;

    $page = get("/?format=json&$query");
    is(status($page), 400, '... as JSON');
    is_deeply(object($page), { errors => { map { $_ => $text } @wrong } },
              '... with the message');
    like(fields(get("/?format=policy&$query"), 'Content-Type'),
         qr/^text\/html/, '... no policy to download');
}

# fields may be empty and in any order

for my $query ("&&$first&&", "mode&$first&max_age&format") {
    is(object(get("/?$query" =~ s/&format$//r
                  . ($query =~ /&format$/ ? '' : '&format=json')))->{domain}
       // '', 'example.com', $query) if $query !~ /&format$/;
    is(status(get("/?$query")), 200, "$query: 200");
}

is(object(get('/?domain=%65xample.com&mx=a.example%0D%0Ab.example%0Dc.example'
              . '%0Ad.example+e.example&format=json'))->{mx}[4],
   'e.example', 'values are decoded, all line ends are known');


# The limits of a form

my $fit = 'format=json&domain=example.com&mx=a.example&max_age_other=';
$fit .= 'x' x (1800 - length $fit);

is(status(get("/?$fit")), 200, '1800 bytes');

for my $long ("${fit}x", 'mx=' . 'a' x 60_000) {
    my $page = get("/?$long");
    is(status($page), 400, length($long) . ' bytes: 400');
    is(content(body($page), 'error-query'), 'the form has ' . length($long)
       . ' bytes, must be at most 1800', '... with the message');
}

# as many and as long names as fit into one

for my $field (qw(mx tlsrpt_rua domain max_age mode x)) {
    for my $value ('a', 'a.b+', '*.', '%22', '&', '%C3%BC', "$field=a&",
                   "&$field=x.y", '=')
    {
        my $long = "domain=example.com&$field=";
        $long .= $value while length($long) + length($value) <= 1770;
        my @got = map { status(get("/?$long&format=$_")) } qw(html json);
        like("@got", qr/^(?:200|400) (?:200|400)$/, "2 KiB: $field=$value..");
    }
}


# An error text is cut between characters, whatever was typed

for my $field (qw(domain mode mx max_age tlsrpt_rua)) {
    for my $offset (0 .. 3) {
        for my $char ("\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x92\xa9") {
            my $text = 'a' x $offset . '_' . $char x 70;
            my %value = (%good, $field => $text);
            my $query = query(%value);

            my $got = get("/?$query&format=json");
            is(status($got), 400, "$field: long text, $offset + "
               . length($char));
            is_deeply([keys %{ (eval { $json->decode(body($got)) }
                                // {})->{errors} // {} }], [$field],
                      '... reported in JSON');

            my $page = body(get("/?$query"));
            ok(utf8::decode($page), '... and in a page of valid UTF-8');
        }
    }
}


# Hostile text in each field

my @hostile = (
    '"><script>alert(1)</script>', "' onx=alert(1) y='", '" onx="alert(1)',
    '{{domain}}', '{{#result}}x{{/result}}', '}}{{', '</textarea><script>',
    '</title><script>', '</pre><script>', '<!--<script>', '--><script>',
    "\xe2\x80\xa8<script>", "\xe2\x80\xae<script>\xe2\x80\xac",
    "\xef\xbb\xbf<script>", '&lt;script&gt;', '&#60;script&#62;',
    '<svg onload=x>',
    '<SCRIPT>', 'javascript:alert(1)', "a\n<script>\nb", '\\u003cscript>',
    '`${x}`', ']]><script>', '%3Cscript%3E', '<base href=//evil.example/>',
    '<meta http-equiv=refresh>',
);

# the tags of a page are those of one that is empty, or of one with errors

sub tags {
    my ($page) = @_;
    $page =~ s/<!--.*?-->//gs;
    return join ' ', map { lc } $page =~ m{<(?=[A-Za-z/!?])/?([^\s>]*)}g;
}


# attributes of tags, without their values, that would run a script

sub handlers {
    my ($page) = @_;
    return join ' ', grep { /^(?:on\w+|srcdoc|formaction|style)$/i }
                     map { s/"[^"]*"//g; /[\s"'\/]([\w-]+)\s*=/g }
                     $page =~ m{<[A-Za-z](?:[^>"]|"[^"]*")*>}g;
}

is(handlers($empty), '', 'the page has no event handler and no style');

for my $field (qw(domain mode mx max_age max_age_other tlsrpt_rua x format)) {
    for my $text (@hostile) {
        my %value = %good;
        @value{qw(max_age max_age_other)} = ('other', '1w');
        $value{$field} = $text;

        my %plain = %value;
        $plain{$field} = $field eq 'tlsrpt_rua' || $field eq 'mx'
            ? join(' ', ('_') x (() = $text =~ /[^ \n]+/g)) : '_';

        my $name = "$field: " . $text =~ s/\n/\\n/gr;
        my $got = get('/?' . query(%value));
        my $page = body($got);

        is(status($got), $field =~ /^(?:x|format)$/ ? 400 : 200, $name);
        is(() = $page =~ /<script/gi, $scripts, '... no script');
        is(tags($page), tags(body(get('/?' . query(%plain)))),
           '... no tag at all') if $field !~ /^(?:mx|tlsrpt_rua)$/;
        is(handlers($page), '', '... no event handler');
        ok(index($page, $text) < 0, '... not as it was')
            if $text =~ /[<>"']/;

        next if $field eq 'x' || $field eq 'format';

        my $again = object(get('/?' . query(%value, format => 'json')));
        ok(!exists $again->{policy} && $again->{errors}
           {$field =~ s/_other//r}, '... JSON has an error');

        is(typed($page, $field =~ s/^max_age$/max_age_other/r), $text,
           '... and it is still as typed') if $field ne 'mode';
    }
}

# an address may have most characters, and is in many places of the page

for my $rua ("mailto:'onx=x'\@a.example", "https://a.example/'-'",
             'https://a.example/{{domain}}', 'https://a.example/;}}{{#x}}',
             'https://a.example/$host;x', 'mailto:a&lt;b@a.example',
             'https://a.example/?a&amp;b', 'https://a.example/*/-->')
{
    my %value = (%good, tlsrpt_rua => $rua);
    my $object = object(get('/?' . query(%value, format => 'json')));
    my $page = body(get('/?' . query(%value)));
    is(() = $page =~ /<script/gi, $scripts, "rua $rua: no script");
    is(typed($page, 'tlsrpt_rua'), $rua, '... as typed');
    ok($object->{policy} || $object->{errors}, '... an answer');
}


# Random and mutated queries

my $seed = $ENV{MTA_STS_TEST_SEED} // 20_181_004;
srand $seed;

sub pick { return $_[int rand @_] }

my @names = qw(domain mode mx max_age tlsrpt_rua rua max_age_other format);
my @pieces = (
    '%', '%2', '%00', '%0D%0A', '%0A', '+', '&', '&&', '=', '==', ';', '?', '/',
    '%C3%BC', '%E2%82%AC', '%F0%9F%92%A9', '%C3', '%FF', "\xc3\xbc", "\xff",
    '%E2%80%AE', '%E2%80%A8', '%22%3E%3Cscript%3E', '<script>', '"', "'",
    '{{', '}}', '{{%23mx}}', '*.', '.', '..', '-', '_', 'xn--', 'xn--a-', '@',
    'mailto:', 'mailto:a%40a.example', 'https:', 'https://a.example/', ',', '!',
    '%3B', '0', '1', '9999999999', '31557600', '31557601', '1w', '1y2M',
    'other',
    'testing', 'enforce', 'none', 'json', 'policy', 'html', 'example.com',
    'a.example', '*.b.example', 'b%C3%BCcher.example', 'mta-sts.', 'a' x 63,
    'a' x 64, 'a' x 99, '%41', '%zz', '\\', '$', '`', '|', '%7F', '%C2%85',
);
my @seeds = (map({ query(domain => $_->[0], @{ $_->[2] }) } @cases[0 .. 8]),
             map({ query(%good, @$_) } @mistakes[0 .. 40]));


sub random_piece {
    return pick(@pieces) if rand() < 0.8;
    my $byte;
    do { $byte = 0x21 + int rand 0xdf } while $byte == 0x7f || $byte == 0x23;
    return chr $byte;
}


sub random_query {
    my $query = '';

    if (rand() < 0.5) {
        $query = join '&', map {
            pick(@names) . '=' . join '', map { random_piece() } 0 .. rand 6
        } 0 .. rand 8;

    } else {
        $query = pick(@seeds);
        for (1 .. rand 4) {
            my $at = int rand 1 + length $query;
            my $cut = rand() < 0.5 ? 0 : int rand 8;
            substr($query, $at, $cut) = rand() < 0.7 ? random_piece()
                : substr $query, int rand length($query) || 1, int rand 30;
        }
    }

    $query .= '&format=' . pick(qw(json json policy html)) if rand() < 0.6;
    $query .= '&mx=' . join '', map { random_piece() } 1 .. 400
        if rand() < 0.005;

    # nginx itself refuses other bytes, spaces and "#"

    return substr $query =~ tr/\x21\x22\x24-\x7e\x80-\xff//cdr, 0, 1800;
}


# The first response of what was read, or nothing.

sub take {
    my ($buffer, $head_only) = @_;
    my $end = index $$buffer, "\r\n\r\n";
    return if $end < 0;

    my $head = substr $$buffer, 0, $end;
    my ($length) = $head =~ /^Content-Length: (\d+)/m;
    $length = 0 if $head_only || !defined $length;
    return if length $$buffer < $end + 4 + $length;

    my $text = substr $$buffer, $end + 4, $length;
    $$buffer = substr $$buffer, $end + 4 + $length;
    return ($head, $text);
}


# Why a response is wrong, or nothing.

sub fault {
    my ($head, $text, $head_only) = @_;
    my ($status) = $head =~ m{^HTTP/1\.1 (\d+) };

    return "status $status" if $status !~ /^(?:200|400)$/;
    return 'not kept alive' if $head !~ /^Connection: keep-alive/m;
    return 'no policy of content' if $head !~ /^Content-Security-Policy: /m;
    return if $head_only;

    if ($head =~ m{^Content-Type: application/json}m) {
        my $object = eval { $json->decode($text) } or return "JSON: $@";
        return 'neither errors nor a policy'
            unless $object->{errors} || $object->{policy};
        return 'errors with 200' if $status == 200 && $object->{errors}
            && %{ $object->{errors} };

    } elsif ($head =~ m{^Content-Type: text/html}m) {
        return 'another script' if $scripts != (() = $text =~ /<script/gi);
        return 'not whole' if $text !~ m{</html>\n\z};
        return 'not UTF-8' unless utf8::decode($text);

    } else {
        return 'not a policy' if $text !~ /^version: STSv1\r\nmode: \w+\r\n/;
    }

    return;
}

my $good = 'domain=example.com&mx=a.example&format=policy';
my $alive = "version: STSv1\r\nmode: testing\r\nmx: a.example\r\n"
    . "max_age: 604800\r\n";
my (@faults, $sock, %seen);
my $buffer = '';
my $sent = 0;

local $SIG{ALRM} = sub { die "timed out, MTA_STS_TEST_SEED=$seed" };

while ($sent < QUERIES && @faults < 10) {
    alarm 60;
    $buffer = '' if !$sock;
    $sock ||= IO::Socket::INET->new(PeerAddr => '127.0.0.1:'
                                    . $nginx->port(0)) or die "connect: $!";

    my @batch = map { [rand() < 0.05 ? 'HEAD' : 'GET', random_query()] }
                1 .. BATCH;
    push @batch, ['GET', $good];

    print $sock map {
        "$_->[0] /?$_->[1] HTTP/1.1\r\nHost: mta-sts.example.com\r\n\r\n"
    } @batch;

    my $last = '';

    for my $request (@batch) {
        my $head_only = $request->[0] eq 'HEAD';
        my ($head, $text);

        until (($head, $text) = take(\$buffer, $head_only)) {
            last unless sysread $sock, $buffer, 262_144, length $buffer;
        }

        if (!defined $head) {
            push @faults, "closed on $request->[0] $request->[1]";
            undef $sock;
            last;
        }

        my $fault = fault($head, $text, $head_only);
        push @faults, "$fault: $request->[0] $request->[1]" if $fault;
        my @kind = $head =~ m{^HTTP/1\.1 (\d+) .*^Content-Type: ([\w/]+)}ms;
        $seen{"@kind"}++;
        $last = $text;
    }

    push @faults, 'the last answer is wrong' if $sock && $last ne $alive;

    $sent += BATCH;
}

alarm 0;
close $sock if $sock;

is(join("\n", @faults), '', QUERIES . ' random queries, MTA_STS_TEST_SEED='
   . $seed);
cmp_ok($seen{$_} // 0, '>', 20, "... among them $_")
    for '200 text/plain', '200 text/html', '400 text/html',
        '200 application/json', '400 application/json';

$nginx->stop;

unlike(slurp($nginx->dir . '/logs/error.log'), qr/\[error\]/,
       'nothing is logged as an error');

done_testing();
