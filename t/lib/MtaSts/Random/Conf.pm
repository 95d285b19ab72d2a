package MtaSts::Random::Conf;

# Random nginx.conf files: first as directives with words and blocks, of which
# some are wrong, then written in one of nginx.conf's many ways with parts in
# included files, and at last perhaps damaged.
#
# A word is a text, or a reference to text that is written as it is.  A
# directive is [word ...], a block { words => [word ...], in => [...] }.
#
# What is known of the servers, so that a test can say which of them nginx
# chooses for a host: see random_conf().

use strict;
use warnings;

use Exporter qw(import);
use MtaSts::Random;
use MtaSts::Random::Yaml;

our @EXPORT = qw(random_conf);

my @domains = ('example.com', 'example.net', 'a.example', 'b.example',
    'c.b.example', 'xn--bcher-kva.example', 'mta-sts.example.com', 'x1.test',
    '2.test', 'long-' . 'x' x 50 . '.example');


# Our directives with values that are wrong, or only look so.

my @odd = (
    map({ ['mta_sts_mode', $_] } 'Enforce', '', 'no', \'none\\', \'"none"',
        \'n\\one', \"'te\\sting'", \'${mode}', \'none}', \'"none"#', \'none#'),
    map({ ['mta_sts_max_age', $_] } '0', '31557600', '31557601', '1y1d', '-1',
        '1w ', ' 1w', '', '1 w', '1d1d', '1s1', '99999999999999999999', '0x10',
        '1.5', '1ms'),
    map({ ['mta_sts_mx', $_] } '', '*', '*.', '*.*.a', 'a_b.example', 'a..b',
        '.a', '10.0.0.1', '[::1]', 'a@b.example', 'a.example,b.example',
        'a' x 64, "b\xc3\xbccher.example", "\xff.example",
        'xn--zzzzzz-.example',
        'a-.example', 'mta-sts.example.com', 'A.Example.', '*.example.com',
        \'a\\.example', \'"a.example\\n"', \"a.example\\\tb",
        \'a.example;;', \'{', \'}',
        \'"a"b', \'a"b', \'a${b}c', \'$a{', \'#a', \'a#b', \'"a', \"'a",
        \"a\0b.example",         \"\x01a", \'""', \"'' ''", \'on'),
    map({ ['mta_sts_tlsrpt_rua', $_] } '', 'a@b.example', 'mailto:', 'mailto:a',
        'http://a.example', 'https://', 'https://a.example/ b',
        'mailto:a@b,c@d', 'mailto:a%40b@c.example', 'mailto:a@b.example!10m',
        'https://[::1]/'),
    map({ ['mta_sts', $_] } 'ON', 'Off', 'yes', '', '1', \'"on"', \'o\\n'),
    map({ ['mta_sts_domains', $_] } 'gone.yaml', 'gone/*.yaml', '', '/dev/null',
        '.', 'bad.yaml', \'"d0.yaml"', '[', 'd0.yaml*'),
    map({ ['server_name', $_] } '*', '*a', '*.', '.', '..', '~', '', 'mta-sts.',
        'mta-sts.a_b', 'mta-sts.example.com.', "mta-sts.b\xc3\xbccher.example",
        'mta-sts.' . 'a' x 64, 'MTA-STS.Example.ORG', 'mta-sts..a', 'a.*.b',
        'mta-sts.*.example', 'mta-sts.10.0.0.1', '$hostname',
        '.mta-sts.e.example'),
    ['mta_sts'], ['mta_sts', 'on', 'off'], ['mta_sts_mode'], ['mta_sts_mx'],
    ['mta_sts_mode', 'none', 'none'], ['mta_sts_max_age'],
    ['mta_sts_tlsrpt_rua'], ['mta_sts_max_age', '1w', '2w'],
    ['mta_sts_domains'], ['server_name'], ['mta_sts_nmx', 'a.example'],
    ['mta_sts_domains', 'd0.yaml', 'd0.yaml'],
    ['mta_sts_', 'a'], ['MTA_STS_MX', 'a.example'], ['mta_sts_generator', 'on'],
    ['mta_sts_generator'], ['include'], ['include', 'a', 'b'],
    ['include', 'gone.conf'], ['include', 'gone/*.conf'], ['include', '.'],
    [\'"mta_sts_mode"', 'none'], [\'mta\\_sts_mode', 'none'], ['location', '/'],
    ['server'], ['http'], ['if', '($a)'], ['types'], [\';'], [\'}'], [\'{'],
    { words => ['mta_sts_mode', 'none'], in => [] },
    { words => ['mta_sts_mx'], in => [['a.example']] },
    { words => ['mta_sts_foo'], in => [] },
    { words => ['include', 'a.conf'], in => [] },
    { words => ['server'], in => [] }, { words => ['server', 'a'], in => [] },
    { words => ['http'], in => [] }, { words => ['events'], in => [] },
    { words => ['location', '/odd'],
      in => [['mta_sts_generator'], ['mta_sts_generator']] },
    { words => ['location', '/if'],
      in => [{ words => ['if', '($uri)'], in => [['mta_sts_generator']] }] },
    { words => ['if', '($uri)'], in => [['mta_sts_generator']] },
    { words => ['location', '/limit'],
      in => [{ words => ['limit_except', 'GET'],
               in => [['mta_sts_generator']] }] },
    { words => ['location', '/o'], in => [['mta_sts_mode', 'none']] },
    { words => ['types'], in => [['mta_sts_mode', 'none'], ['text/a', 'mx']] },
    { words => ['upstream', 'u9'], in => [['server', '127.0.0.1:1'],
                                         ['mta_sts_mode', 'none']] },
    { words => ['map', '$uri', '$m9'], in => [['mta_sts_mode', 'none']] },
    { words => ['map', '$uri', '$m8'], in => [['a', 'b', 'c'], ['d', \'"e']] },
    { words => ['geo', '$g9'], in => [['default', '1'], ['mta_sts', '2']] },
);


# Directives that a policy is made of; with $mx there is an mx.

sub policy {
    my ($mx) = @_;
    my @out;

    push @out, ['mta_sts_mode', pick(qw(enforce testing none))] if chance(0.6);

    for (1 .. ($mx ? 1 : 0) + int(rand 1.3)) {
        push @out, ['mta_sts_mx', map { (random_mx())[0] } 1 .. 1 + int rand 3];
    }

    push @out, ['mta_sts_max_age', (random_age())[0]] if chance(0.4);
    push @out, ['mta_sts_tlsrpt_rua', map { random_rua() } 1 .. 1 + int rand 2]
        if chance(0.2);

    return @out;
}


# Other directives of nginx, where each kind of block allows them.

my @values = ('a', 'mta_sts_mode none;', '}', '{ }', '# no', "it's", 'say "a"',
              '$host', '${host}x', 'a\\nb', 'a b', '', "b\xc3\xbc", "\\",
              'x' x 200);

sub locations {
    my ($g, $depth) = @_;
    my @in;

    push @in, pick(['return', pick('204', '404')], ['root', '/gone'],
                   ['add_header', 'X-A', pick(@values)], ['deny', 'all'],
                   ['set', '$l' . $g->{n}++, pick(@values)],
                   ['mta_sts_generator'], ['default_type', 'text/plain'],
                   { words => ['if', \pick('($uri)', '( $arg_a = "}" )',
                                           "(\$arg_a ~ ';')")],
                     in => [pick(['return', '204'],
                                 ['set', '$a', pick(@values)])] },
                   { words => ['limit_except', 'GET'],
                     in => [['deny', 'all']] },
                   { words => ['types'],
                     in => [['text/plain', 'mta_sts', 'txt']] })
        for 1 .. int rand 3;

    # nginx knows this one once a location

    my $had = 0;
    @in = grep { ref $_ ne 'ARRAY' || $_->[0] !~ /^(?:root|mta|default)/
                 || !$had++ } @in;
    @in = grep { ref $_ ne 'HASH' || !$had++ } @in;

    # only those of a prefix have others inside

    my $path = '/p' . $g->{n}++;
    my @words = $depth < 2 && chance(0.2)
        ? ($path) : pick([$path], ['=', $path], ['^~', $path],
                         ['~', "$path\\.a"], ['~*', "^${path}{2,3}\$"],
                         ["\@n$g->{n}"]);

    push @in, { words => ['location', "$path/b"], in => [['return', '204']] }
        if !ref $words[0];

    return { words => ['location', map { ref $_ ? @$_ : $_ } @words],
             in => [shuffle(@in)] };
}


sub others {
    my ($g, $level) = @_;
    my $n = $g->{n}++;

    return pick(
        ['log_format', "f$n", pick(grep { /^[^\$]*$/ } @values),
         pick('a', 'b;{}')],
        { words => ['map', '$uri', "\$m$n"],
          in => [['default', pick(@values)], ['~^/a', '1'],
                 ['mta_sts_mode', 'none'], ['volatile']] },
        { words => ['map', '$uri$host', "\$m$n"], in => [] },
        { words => ['geo', "\$g$n"],
          in => [['default', pick(@values[0 .. 3])], ['127.0.0.0/8', 'b'],
                 ['include', "$g->{data}/geo"]] },
        { words => ['upstream', "u$n"],
          in => [['server', '127.0.0.1:1'], ['keepalive', '2']] },
        { words => ['split_clients', '$uri', "\$s$n"],
          in => [['10%', 'a'], ['*', 'b']], whole => 1 },
        ['limit_req_zone', '$uri', "zone=z$n:32k", 'rate=1r/s'],
        ['log_not_found', 'off']) if $level eq 'http' && chance(0.8);

    return pick(
        ['error_page', '404', '/e' . $n], ['add_header', "X-$n", pick(@values)],
        { words => ['types'], in => [['text/plain', 'txt', 'mta_sts_mx'],
                                     ['include', "$g->{data}/types"]] })
        if $level eq 'http';

    return pick(['set', "\$v$n", pick(@values)], locations($g, 0),
                locations($g, 0), ['return', '404'],
                ['rewrite', "^/r$n(.*)\$", pick('/a$1', '/b'), 'last'],
                ['error_page', '404', '=200', '/e'],
                ['add_header', 'X', pick(@values)],
                { words => ['if', \'($host = "mta-sts.{}")'],
                  in => [['return', '301',
                          pick('/a', 'https://a.example/;')]] });
}


# The names of a server, each but the regex in any case of letters.

sub names {
    my ($g, $i, $server) = @_;
    my @names;

    for (1 .. pick(0, 1, 1, 1, 1, 2, 3)) {
        my $domain = chance(0.2) ? pick(@domains) : shift @{ $g->{free} };
        push @names, $_ for $domain // ();
    }

    @names = map { "mta-sts.$_" } @names;
    push @names, pick('www.example.com', 'mta-sts', "w$i.example", '',
                      'mta-stsx.a')
        if chance(0.3);
    push @names, 'mta-sts.' . pick(@{ $g->{files_domains} })
        if @{ $g->{files_domains} } && chance(0.1);
    push @names, pick('mta-sts.*', 'mta-sts.*', '*.example', '*.b.example',
                      'mta-sts.b.*', '*.mta-sts.example.com', '.a.example',
                      ".mta-sts.s$i.example", '~^mta-sts\.', '*.com', '.test',
                      '~^mta-sts\.(?<d>[a-z]+)\.test$', '~example', 'www.*',
                      'mta-sts.example.*', '~^mta-sts\.[A-C]\.', '~x\d')
        if $server->{kind} eq 'file' ? chance(0.85) : chance(0.35);

    $server->{names} = [map { /^~/ ? $_ : lc } @names];

    return map { !/^~/ && chance(0.15) ? uc : $_ } @names;
}


sub server {
    my ($g, $i) = @_;
    my $server = { kind => pick(qw(own own own own inherit inherit file none)),
                   enabled => undef };
    my @in = map { ['listen', $_] } grep { chance(0.4) } @{ $g->{addresses} };

    @in = ['listen', pick(@{ $g->{addresses} })] if !@in;
    $server->{listen} = [map { $_->[1] } @in];

    for my $listen (@in) {
        push @$listen, 'ssl' if $g->{tls}{ $listen->[1] };
        next if $g->{default}{ $listen->[1] } || chance(0.8);
        $g->{default}{ $listen->[1] } = $server;
        push @$listen, pick(qw(default_server default));
    }

    my @names = names($g, $i, $server);

    push @in, ['server_name', splice @names, 0, 1 + int rand @names]
        while @names;
    push @in, policy(!$g->{http_mx} || chance(0.5)) if $server->{kind} eq 'own';
    push @in, ['mta_sts_domains', $server->{file} = pick(@{ $g->{yaml} })]
        if $server->{kind} eq 'file';
    push @in, ['mta_sts', $server->{enabled} = pick(qw(on on off))]
        if chance($server->{kind} eq 'none' ? 0.5 : 0.1);
    push @in, others($g, 'server') for 1 .. int rand 4;

    return { words => ['server'], in => [shuffle(@in)], server => $server };
}


# Puts something wrong anywhere into a tree.

sub spoil {
    my ($tree) = @_;
    my @blocks = ($tree);

    for (my $i = 0; $i < @blocks; $i++) {
        push @blocks, grep { ref $_ eq 'HASH' } @{ $blocks[$i]{in} };
    }

    # most of the time in http or a server

    my @ours = grep { ($_->{words}[0] // '') =~ /^(?:http|server)$/ } @blocks;
    my $in = (chance(0.75) && @ours ? pick(@ours) : pick(@blocks))->{in};

    splice @$in, int rand(@$in + 1), 0,
        chance(0.2) && @$in ? pick(@$in) : pick(@odd);
}


# A word in the ways that it may be written.

sub word {
    my ($word) = @_;

    return $$word if ref $word;

    my $bare = $word ne '' && $word !~ /[\s;{}"'#]|\\["'\\trn]|\\$/;

    return $word if $bare && chance(0.75);

    my $quote = $bare || chance(0.6) ? pick('"', '"', "'") : "'";

    $word =~ s/\\(?=["'\\trn]|$)/\\\\/g;
    $word =~ s/$quote/\\$quote/g;
    $word =~ s/\n/chance(0.5) ? "\\n" : "\n"/ge;
    $word =~ s/\t/chance(0.5) ? "\\t" : "\t"/ge;

    return $quote . $word . $quote;
}


sub space {
    my ($g) = @_;

    return pick(' ', ' ', '  ', "\t", "\r ") if !$g->{spread} || chance(0.8);
    return pick("\n    ", "\r\n\t", " # a; b { \"\n", "\n\n", " #'\n#}\n");
}


sub included {
    my ($g, $what, $depth, @nodes) = @_;
    my $name = 'i' . $g->{n}++;
    my @parts = ([@nodes]);

    if (chance(0.25)) {
        push @parts, [splice @{ $parts[0] }, int rand(@nodes + 1)];

        for my $part (0, 1) {
            $g->{files}{"$name/$part.conf"} = written($g, $depth,
                                                      @{ $parts[$part] });
        }

        return written($g, 99, ['include',
            pick("$name/*.conf", "$name/[01].conf", "%%DIR%%/$name/?.conf")]);
    }

    my $file = pick("$name.conf", "sub/$name.conf", "$name x.conf");
    my $text = written($g, $depth, @nodes);

    $text =~ s/\n\z// if chance(0.2) && $text !~ /#[^\n]*\n\z/;
    $text = "# $what\n$text" if chance(0.2);
    $g->{files}{$file} = $text;

    return written($g, 99, ['include',
                            pick($file, $file, "%%DIR%%/$file", "./$file")]);
}


sub written {
    my ($g, $depth, @nodes) = @_;
    my $out = '';

    if ($depth < 4 && @nodes && chance($g->{include})) {
        my $from = int rand @nodes;
        my @run = splice @nodes, $from, 1 + int rand(@nodes - $from);
        splice @nodes, $from, 0, \included($g, 'part', $depth + 1, @run);
    }

    for my $node (@nodes) {
        if (ref $node eq 'SCALAR' || ref $node eq 'REF') {
            $out .= $$node;
            next;
        }

        my @words = ref $node eq 'ARRAY' ? @$node : @{ $node->{words} };

        $out .= pick("# a comment; {\n", "\n", "    #}\n", "\t\r\n", '  ')
            if chance(0.1);
        $out .= '    ' x ($depth > 4 ? 1 : $depth) if chance(0.8);
        $out .= word(shift @words);
        $out .= space($g) . word($_) for @words;
        $out .= space($g) if chance(0.15);

        if (ref $node eq 'ARRAY') {
            $out .= ';';
        } else {
            local $g->{include} = $node->{whole} ? 0 : $g->{include};
            my $in = written($g, $depth + 1, @{ $node->{in} });
            $out .= (chance(0.8) ? ' ' : '') . '{'
                . pick("\n", "\n", ' ', '') . $in . '}';
        }

        $out .= pick("\n", "\n", "\n", "\n", ' ', '', "  # b\n", "\r\n");
    }

    return $out;
}


# $load is what every instance needs at the main level, @addresses are what
# servers may listen on.  Gives
#
#     files      texts by name, nginx.conf among them
#     servers    in order: listen, names, kind (own, inherit, file, none), file,
#                enabled (on, off or undef)
#     tls        which addresses have it
#     default    of an address, where it is a certain server
#     enabled    of http
#     domains    that a test may ask for
#     yaml       the domains files
#     spread     directives go over lines
#     spoilt     something is wrong in it: servers may not be as they say
#     damaged    and bytes are

sub random_conf {
    my ($load, @addresses) = @_;
    my $g = { n => 0, files => {}, addresses => \@addresses, servers => [],
              default => {}, free => [shuffle(@domains)], domains => \@domains,
              spread => chance(0.15), spoilt => chance(0.35), data => 'data',
              include => 0.12, http_mx => chance(0.4), files_domains => [],
              tls => { map { chance(0.35) ? ($_ => 1) : () } @addresses } };

    $g->{files}{'data/geo'} = "10.0.0.0/8 a;\n";
    $g->{files}{'data/types'} = "text/css css;\ntext/html html htm;";
    $g->{files}{"d$_.yaml"} = (random_yaml("d$_-", 1, 0, 0.05))[0] for 0, 1;
    $g->{files_domains} = [map { $g->{files}{$_} =~ /\b(d\d-[\w-]+\.example)\b/g }
                           'd0.yaml', 'd1.yaml'];
    $g->{files}{'bad.yaml'} = (random_yaml('bad-', 1, 0.3, 0.05))[0];
    $g->{yaml} = ['d0.yaml', 'd1.yaml', '%%DIR%%/d1.yaml'];

    my @http = map { server($g, $_) } 1 .. pick(1, 1, 2, 2, 3, 5);

    push @http, policy($g->{http_mx}) if $g->{http_mx};
    push @http, ['mta_sts', $g->{enabled} = pick(qw(on on off))] if chance(0.1);
    push @http, others($g, 'http') for 1 .. int rand 5;

    @http = shuffle(['access_log', 'off'],
                    ['ssl_certificate', '%%CERT%%'],
                    ['ssl_certificate_key', '%%KEY%%'],
                    ['server_names_hash_bucket_size', '256'], @http);
    $g->{servers} = [map { ref $_ eq 'HASH' && $_->{server} || () } @http];

    my $tree = { words => [], in => [
        shuffle({ words => ['events'],
                  in => [chance(0.5) ? ['worker_connections', '64'] : ()] },
                { words => ['http'], in => \@http },
                chance(0.2) ? ['worker_priority', '0'] : ()) ] };

    if ($g->{spoilt}) {
        spoil($tree) for 1 .. pick(1, 1, 1, 2);
    }

    my $text = written($g, 0, @{ $tree->{in} });

    $text =~ s/\r?\n/\r\n/g if chance(0.05);

    if (chance(0.12)) {
        $g->{spoilt} = $g->{damaged} = 1;
        my @names = sort grep { !/^data/ } keys %{ $g->{files} };

        if (chance(0.7)) {
            $text = damaged($text, qr/listen[^;]*;|127\.[\d.:]+|%%\w+%%/);
        } else {
            my $file = pick(@names);
            $g->{files}{$file} = damaged($g->{files}{$file},
                                         qr/listen[^;]*;|127\.[\d.:]+|%%\w+%%/);
        }
    }

    $g->{files}{'nginx.conf'} = "$load\n$text";

    my $all = join '', values %{ $g->{files} };
    delete @{ $g->{files} }{ grep { /yaml$/ && $all !~ /\Q$_\E/ }
                             keys %{ $g->{files} } };

    return $g;
}


1;
