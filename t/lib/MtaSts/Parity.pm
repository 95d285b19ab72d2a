package MtaSts::Parity;

# What nginx and the helper say of one configuration, in a form in which the
# two can be compared.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Encode qw(decode encode);
use Exporter qw(import);
use MtaSts;

our @EXPORT = qw(main_level columns listed id_of nginx_reason helper_reason
                 refusals_differ warnings_of);

# Directives and blocks that the helper knows: what nginx says of one of them,
# or of words and braces, it must say, too; it counts the words of some.  All
# else is for nginx -t to find.

my $known = join '|', qw(http server location if limit_except map geo types
    upstream split_clients include server_name mta_sts\w*);
my $counted = 'http|server|include|server_name|mta_sts\w*';

my $foreign = join '|', (
    qr/unknown\ directive\ "(?!mta_sts_|\xef\xbb\xbf)/,
    qr/"(?!(?:$known)")[^"]*"\ directive\ (?:is|invalid|ha)/,
    qr/directive\ "(?!(?:$known)")[^"]*"\ (?:is|has)/,
    qr/invalid\ number\ of\ arguments\ in\ "(?!(?:$counted)")/,
    qr/invalid\ (?:parameter|port|host|percent|rate|location|condition)/,
    qr/invalid\ (?:network|return\ code)|value\ "\d+"\ must|no\ "events"/,
    qr/invalid\ value\ (?!.*\ in\ "mta_sts)/,
    qr/invalid\ (?:number\ of\ (?:the\ )?(?:map|geo)|variable|event|default)/,
    qr/a\ duplicate\ (?:listen|default\ server)|duplicate\ location/,
    qr/(?:no\ port|host\ not\ found|no\ host)\ in|bind\(\)|no\ servers\ are/,
    qr/location\ "|percent\ total|unknown\ "[^"]*"\ variable|pcre2?_compile/,
    qr/the\ duplicate|conflicting|unexpected\ ["\w]+\ in\ condition|zone\ "/,
    qr/limit_req_zone\ "|duplicate\ (?:upstream|"log_format")/,
    qr/invalid\ server\ name\ or\ wildcard|no\ "ssl_certificate|cannot\ load/,
    qr/"limit_except"\ directive\ is\ duplicate/,
    qr/\d+\ worker_connections\ are\ not\ enough/,

    # a pattern in geo, which nginx knows from 1.29.7 on

    qr/open\(\)\ "[^"]*[*?[]/,
);


# What every instance needs at the main level, on one line; $more comes last.

sub main_level {
    my ($more) = @_;
    return join ' ', ($MtaSts::MODULE ? "load_module $MtaSts::MODULE;" : ()),
        ($> == 0 ? 'user root;' : ()), 'daemon off; worker_processes 1;',
        $more;
}


# A line of list: domain, policy host, mode, id, place, and a policy's name.

sub columns {
    my ($line) = @_;
    return split /  +/, $line;
}


# The id of a policy's bytes.

sub id_of {
    my ($body) = @_;
    return defined $body ? substr sha256_hex($body), 0, 20 : 'none';
}


# ids by domain as list prints them, with "*" for the first fallback; and the
# ids of all fallbacks of directives in the order of their servers.

sub listed {
    my ($list) = @_;
    my (%ids, @fallbacks);

    for my $line (split /\n/, $list) {
        my ($domain, $host, $mode, $id, $place) = columns($line);
        next if $mode eq 'refused';
        $ids{$domain} //= $id;
        push @fallbacks, $id if $domain eq '*' && $place !~ /\.yaml:\d+$/;
    }

    return (\%ids, @fallbacks);
}


# Why nginx refuses: text, which may go over lines, file and line, which are not
# always there, and for a domains file the column.

sub nginx_reason {
    my ($said) = @_;

    # of bytes that are not UTF-8 the helper prints none

    $said = encode('UTF-8', decode('UTF-8', $said, sub { '?' }));

    return $said =~ /\[(?:emerg|crit)\]\ (?:\d+\#\d+:\ )?
                     (.*?)(?:\ in\ (\/.+?):(\d+)(?::(\d+))?)?
                     (?=\n(?:nginx:|\d{4}\/)|\n?\z)/xs;
}


# Why the helper refuses, each with its place: file, line, column, text.

sub helper_reason {
    my ($err) = @_;
    return map { [/\Amta-sts: (.+?):(\d+):(\d+): (.*)\n\z/s] }
        grep { !/: warning: |\Amta-sts: is it a part of / } split /^(?=mta-sts: )/m, $err;
}


# Whether the text from a place to the end of a line is one directive: nginx
# reports its last line.

sub is_one_directive {
    my ($file, $line, $column, $last) = @_;
    my @lines = split /\n/, slurp($file), -1;
    my $text = join "\n", grep { defined } @lines[$line - 1 .. $last - 1];

    substr $text, 0, $column - 1, '';
    $text =~ s/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|\$\{|(?<!\S)#.*//gs;

    return $text !~ /[;{}].*\n/;
}


# How a refusal by nginx differs from what the helper says: undef if it does
# not, "foreign" if it is one that nginx alone can know.  With $spread, lines
# are not compared that are named within a text.

sub refusals_differ {
    my ($said, $rc, $err, $spread) = @_;
    my ($text, $file, $line, $column) = nginx_reason($said);
    my ($reason, $more) = helper_reason($err);
    my ($at_file, $at_line, $at_column, $own) = @{ $reason // [] };

    return 'nginx has no reason' if !defined $text;
    return 'foreign' if $text =~ /^(?:$foreign)/;
    return 'only nginx refuses' if $rc == 0;
    return 'mta-sts has not one reason' if $more || !defined $own;

    # of control characters the helper prints none

    $text =~ s/[\x00-\x1f\x7f]/?/g;
    $text =~ s/\xc2[\x80-\x9f]/??/g;
    $text =~ s/^pread/read/;

    if ($spread) {
        s/( at \/.*):\d+/$1/ for $text, $own;
    }

    return 'other words' if $own ne $text;

    # the module knows no lines of server names

    return undef if !defined $file || $text =~ /^(?:invalid )?server name .*, /;

    return 'another place'
        if $file ne $at_file || $at_line > $line
        || defined $column && $column != $at_column
        || !is_one_directive($file, $at_line, $at_column, $line);

    return undef;
}


# What both warn of in the same words, sorted; places only if they are asked
# for, since nginx knows no columns of nginx.conf.  nginx's own are left out,
# that there is no policy at all, which only the helper says, and domains without
# their policy, which are errors of the helper.

sub warnings_of {
    my ($places, $said, $err) = @_;

    my $own = qr/^(?:conflicting\ server\ name|duplicate\ (?:extension|network)
                   |for\ domains?\ ")/x;
    my @nginx = grep { !/$own/ }
        $said =~ /\[warn\] (?:\d+#\d+: )?(.*)/g;
    my @helper = grep { !/^for domains? "/ } map { /^mta-sts: (?:(\/.*?): )?warning: (.*)/
                       ? $2 . (defined $1 ? " in $1" : '') : () }
        split /\n/, $err;

    if (!$places) {
        s/ in \/.*:\d+$// for @nginx, @helper;
    }

    return (join("\n", sort @nginx), join("\n", sort @helper));
}


1;
