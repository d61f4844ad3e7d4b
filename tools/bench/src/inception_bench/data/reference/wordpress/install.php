<?php
/**
 * Installs WordPress at the first start, as the command `wp core install` would: Debian has no wp-cli.
 */
$_SERVER['HTTPS']       = 'on';
$_SERVER['HTTP_HOST']   = getenv( 'DOMAIN_NAME' );
$_SERVER['REQUEST_URI'] = '/';
define( 'WP_INSTALLING', true );
define( 'WP_SITEURL', 'https://' . getenv( 'DOMAIN_NAME' ) );
require '/var/www/html/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

if ( is_blog_installed() ) {
	exit;
}
add_filter( 'pre_wp_mail', '__return_false' );
$locale = getenv( 'WP_LOCALE' );
if ( 'en_US' !== $locale ) {
	load_default_textdomain( $locale );
	$GLOBALS['wp_locale'] = new WP_Locale();
}
wp_install( 'Inception', getenv( 'WP_ADMIN_USER' ), 'owner@example.org', true, '', getenv( 'WP_ADMIN_PASSWORD' ), 'en_US' === $locale ? '' : $locale );
