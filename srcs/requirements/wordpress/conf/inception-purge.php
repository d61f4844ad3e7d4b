<?php
/**
 * Plugin Name: Inception purge
 * Description: Forgets all kept pages where a person or a plugin asks for it: a button in the admin bar, and what plugins call.
 *
 * In code of your own: do_action( 'inception_purge_cache' );
 */

defined( 'ABSPATH' ) || exit;

if ( ! INCEPTION_PAGE_CACHE ) {
	return;
}

add_action(
	'admin_bar_menu',
	static function ( WP_Admin_Bar $bar ): void {
		if ( current_user_can( 'manage_options' ) ) {
			$bar->add_node(
				array(
					'id'    => 'inception-purge',
					'title' => 'Purge page cache',
					'href'  => wp_nonce_url( admin_url( 'admin-post.php?action=inception_purge' ), 'inception_purge' ),
				)
			);
		}
	},
	100
);
add_action(
	'admin_post_inception_purge',
	static function (): void {
		check_admin_referer( 'inception_purge' );
		if ( ! current_user_can( 'manage_options' ) ) {
			wp_die( 'Only an administrator purges the page cache.', 403 );
		}
		do_action( 'inception_purge_cache' );
		wp_safe_redirect( wp_get_referer() ?: admin_url() );
		exit;
	}
);

// Plugins tell the page caches that they know: by actions (Nginx Helper, LiteSpeed, Cache Enabler, Breeze, W3 Total Cache), …
foreach ( array( 'rt_nginx_helper_purge_all', 'litespeed_purge_all', 'cache_enabler_clear_complete_cache', 'breeze_clear_all_cache', 'w3tc_flush_posts' ) as $inception_hook ) {
	add_action( $inception_hook, static fn() => do_action( 'inception_purge_cache' ), 10, 0 );
}
// … and by functions, which belong to their plugin where it is installed.
if ( 'cli' !== PHP_SAPI && ! is_dir( WP_PLUGIN_DIR . '/wp-super-cache' ) ) {
	function wp_cache_clear_cache(): void {
		do_action( 'inception_purge_cache' );
	}
}
if ( 'cli' !== PHP_SAPI && ! is_dir( WP_PLUGIN_DIR . '/w3-total-cache' ) ) {
	function w3tc_flush_all(): void {
		do_action( 'inception_purge_cache' );
	}
}
if ( 'cli' !== PHP_SAPI && ! is_dir( WP_PLUGIN_DIR . '/wp-rocket' ) ) {
	function rocket_clean_domain(): void {
		do_action( 'inception_purge_cache' );
	}
}
