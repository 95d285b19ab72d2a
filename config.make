# Appended to nginx's Makefile: what pages are made of, as C.

cat << END >> $NGX_MAKEFILE

$NGX_OBJS/ngx_http_mta_sts_files.h:	$mta_sts_files $mta_sts_embed
	sh $mta_sts_embed $mta_sts_files > $NGX_OBJS/ngx_http_mta_sts_files.tmp
	mv $NGX_OBJS/ngx_http_mta_sts_files.tmp \\
		$NGX_OBJS/ngx_http_mta_sts_files.h

$NGX_OBJS/mta_sts_page_html.h:	$mta_sts_web/page.html $mta_sts_template
	sh $mta_sts_template html < $mta_sts_web/page.html > \$@.tmp
	mv \$@.tmp \$@

$NGX_OBJS/mta_sts_page_json.h:	$mta_sts_web/page.json $mta_sts_template
	sh $mta_sts_template json < $mta_sts_web/page.json > \$@.tmp
	mv \$@.tmp \$@

$NGX_OBJS/mta_sts_status_html.h:	$mta_sts_status_web/status.html $mta_sts_template
	sh $mta_sts_template html < $mta_sts_status_web/status.html > \$@.tmp
	mv \$@.tmp \$@

$NGX_OBJS/mta_sts_status_json.h:	$mta_sts_status_web/status.json $mta_sts_template
	sh $mta_sts_template json < $mta_sts_status_web/status.json > \$@.tmp
	mv \$@.tmp \$@

END
