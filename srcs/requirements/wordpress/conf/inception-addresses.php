<?php
/**
 * Plugin Name: Inception addresses
 * Description: Keeps content working that was written under an earlier address (another port or domain).
 */

defined( 'ABSPATH' ) || exit;

// WordPress stores full addresses in posts. They are replaced when shown; what is stored stays as it was written.

/**
 * Replaces the site's earlier addresses in a text by the present one.
 *
 * @param mixed $text What WordPress is about to show; anything but a string is passed through.
 * @return mixed
 */
function inception_present_address( $text ) {
	static $patterns = null;
	if ( null === $patterns ) {
		$patterns = array();
		foreach ( (array) get_option( 'inception_earlier_urls', array() ) as $url ) {
			if ( is_string( $url ) && '' !== $url && WP_HOME !== $url ) {
				// The address ends there: "https://a.b" must not match in "https://a.b:8443" or "https://a.bc".
				$patterns[] = '#' . preg_quote( $url, '#' ) . '(?!\w|-|:\d|\.\w)#';
			}
		}
	}
	if ( ! $patterns || ! is_string( $text ) ) {
		return $text;
	}
	return preg_replace( $patterns, WP_HOME, $text ) ?? $text;
}
foreach ( array( 'the_content', 'the_excerpt', 'the_content_feed', 'comment_text', 'widget_text', 'widget_block_content', 'render_block', 'wp_nav_menu' ) as $inception_hook ) {
	add_filter( $inception_hook, 'inception_present_address', 999 );
}
